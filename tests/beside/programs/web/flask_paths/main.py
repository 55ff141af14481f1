#!/usr/bin/env python3
# Flask finds templates, static files and its instance directory.
# packages: web
import os

from flask import Flask, render_template

app = Flask(__name__)
with app.app_context():
    print(render_template("page.html", name="<you>"))
client = app.test_client()
print(client.get("/static/style.css").data, app.root_path, app.instance_path)
print(Flask("other").root_path == os.getcwd())
