"""The web application: `uvicorn app.main:app` serves it."""

from fastapi import FastAPI

app = FastAPI(title="pyship example")


@app.get("/")
def index() -> dict[str, str]:
    return {"message": "Hello from one file"}


@app.get("/items/{number}")
def item(number: int, loud: bool = False) -> dict[str, object]:
    name = f"item {number}"
    return {"number": number, "name": name.upper() if loud else name}
