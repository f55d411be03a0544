"""Fetches issues with dlt's REST client as its users do, page by page, and prints what it took as JSON.

Reads a JSON object from standard input: `gateway`, `token`, `fields` and `queries`. One query is asked by `RESTClient`
alone, which is the fastest way dlt has. Several are resources with `parallelized`, which dlt extracts in its pool of
threads; as many threads are asked for as there are queries. (The same set on resources of its `rest_api` source has no
effect in this version: they are asked one after the other.)
"""

import json
import os
import re
import sys
import time

task = json.load(sys.stdin)
queries = task["queries"]
os.environ["EXTRACT__WORKERS"] = str(len(queries))
os.environ["EXTRACT__MAX_PARALLEL_ITEMS"] = str(len(queries))
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # noqa: E402
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator  # noqa: E402

PATH = "rest/api/3/search/jql"


def body(jql):
    """One page's question; the paginator adds the token of the next."""
    return {"jql": jql, "fields": task["fields"], "maxResults": 100}


def pages(jql):
    """The pages of one query, one after the other."""
    client = RESTClient(
        base_url=task["gateway"],
        auth=BearerTokenAuth(token=task["token"]),
        paginator=JSONResponseCursorPaginator(cursor_path="nextPageToken", cursor_body_path="nextPageToken"),
        data_selector="issues",
    )
    yield from client.paginate(PATH, method="POST", json=body(jql))


@dlt.source
def side_by_side():
    """All queries, each a resource of its own."""
    return [dlt.resource(pages, name=f"issues_{n}", parallelized=True)(jql) for n, jql in enumerate(queries)]


def fetch():
    """How many issues the queries find."""
    if len(queries) == 1:
        return sum(len(page) for page in pages(queries[0]))
    return sum(1 for _ in side_by_side())


def memory(name):
    """Of this program alone, in KiB; what getrusage tells may be its parent's."""
    with open("/proc/self/status", encoding="ascii") as status:
        found = re.search(rf"^{name}:\s+(\d+) kB", status.read(), re.MULTILINE)
    return int(found[1]) if found else 0


idle = memory("VmRSS")
begin = time.perf_counter()
issues = fetch()
seconds = time.perf_counter() - begin
print(json.dumps({"issues": issues, "seconds": seconds, "idleKib": idle, "peakKib": memory("VmHWM")}))
