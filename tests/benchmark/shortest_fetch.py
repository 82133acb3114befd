"""Fetch and validate the balance in as few lines as possible: the yardstick for a request."""

import json
import os
import sys

import jsonschema
import urllib3

url, schema = sys.argv[1:]
response = urllib3.request(
    "GET", url, headers={"Authorization": f"Bearer {os.environ['MOONSHOT_API_KEY']}"}
)
with open(schema, encoding="utf-8") as file:
    jsonschema.validate(response.json(), json.load(file))
print(response.json()["data"]["available_balance"])
