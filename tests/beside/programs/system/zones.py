#!/usr/bin/env python3
# zoneinfo, time.tzset and a zone of the environment.
# env: TZ=Europe/Berlin
import datetime
import time
import zoneinfo

moment = datetime.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("America/New_York"))
print(moment.isoformat(), moment.astimezone().isoformat(), time.tzname, "Asia/Tokyo" in zoneinfo.available_timezones())
print(zoneinfo.TZPATH)
