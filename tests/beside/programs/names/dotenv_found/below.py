from dotenv import find_dotenv


def look():
    print(find_dotenv("settings.env"))
