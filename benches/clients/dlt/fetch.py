"""Fetches issues with dlt's REST client as its users do, page by page, and prints what it took as JSON.

Reads a JSON object from standard input: `gateway`, `token`, `fields` and `queries`. One query is asked by `RESTClient`
alone, which is the fastest way dlt has. Several are resources of one `rest_api` source with `parallelized`, which dlt
runs in its pool of threads; as many threads are asked for as there are queries.
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

from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

PATH = "rest/api/3/search/jql"


def body(jql):
    """One page's question; the paginator adds the token of the next."""
    return {"jql": jql, "fields": task["fields"], "maxResults": 100}


def one_query(jql):
    """How many issues a query finds, one page after the other."""
    client = RESTClient(
        base_url=task["gateway"],
        auth=BearerTokenAuth(token=task["token"]),
        paginator=JSONResponseCursorPaginator(cursor_path="nextPageToken", cursor_body_path="nextPageToken"),
        data_selector="issues",
    )
    return sum(len(page) for page in client.paginate(PATH, method="POST", json=body(jql)))


def side_by_side():
    """How many issues all queries find, each a resource of its own."""
    paginator = {"type": "cursor", "cursor_path": "nextPageToken", "cursor_body_path": "nextPageToken"}
    resources = [
        {
            "name": f"issues_{number}",
            "endpoint": {"path": PATH, "method": "POST", "json": body(jql), "data_selector": "issues"},
            "parallelized": True,
        }
        for number, jql in enumerate(queries)
    ]
    client = {
        "base_url": task["gateway"],
        "auth": {"type": "bearer", "token": task["token"]},
        "paginator": paginator,
    }
    return sum(1 for _ in rest_api_source({"client": client, "resources": resources}))


def memory(name):
    """Of this program alone, in KiB; what getrusage tells may be its parent's."""
    with open("/proc/self/status", encoding="ascii") as status:
        found = re.search(rf"^{name}:\s+(\d+) kB", status.read(), re.MULTILINE)
    return int(found[1]) if found else 0


idle = memory("VmRSS")
begin = time.perf_counter()
issues = side_by_side() if len(queries) > 1 else one_query(queries[0])
seconds = time.perf_counter() - begin
print(json.dumps({"issues": issues, "seconds": seconds, "idleKib": idle, "peakKib": memory("VmHWM")}))
