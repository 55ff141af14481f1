#!/usr/bin/env python3
# SQLAlchemy with a file beside the working directory and classes of __main__.
# as: script module
# packages: web
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def main():
    engine = create_engine("sqlite:///data.db")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(name="someone"))
        session.commit()
        print(session.scalars(select(User.name)).all(), User.__module__)


if __name__ == "__main__":
    main()
