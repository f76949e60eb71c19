#!/usr/bin/python3
"""Opens a page as a browser would, over verified TLS: METHOD URL CA-FILE. Prints the status, the headers and the page."""
import ssl
import sys
import urllib.error
import urllib.request

method, url, authorities = sys.argv[1:]
context = ssl.create_default_context(cafile=authorities)
request = urllib.request.Request(url, method=method, data=b"" if method == "POST" else None)
try:
    answer = urllib.request.urlopen(request, context=context, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status)
print(answer.headers)
print(answer.read().decode())
