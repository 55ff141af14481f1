OWN = "calendar"
