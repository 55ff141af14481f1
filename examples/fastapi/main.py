"""Serves the application on $HOST:$PORT (127.0.0.1:8000 unless told) until SIGTERM or Ctrl-C."""

import os

import uvicorn


def main() -> None:
    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", "8000"))
    # A string, not the object: with workers > 1 uvicorn starts Python again and imports it there.
    uvicorn.run("app.main:app", host=host, port=port, workers=int(os.environ.get("WORKERS", "1")))


if __name__ == "__main__":
    main()
