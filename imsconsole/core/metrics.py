"""What is counted of requests and of the database, wherever it is asked."""

from imsconsole.core.counting import counter, histogram

REQUEST_SECONDS = histogram(
    "ims_request_seconds", "How long it took to answer a request, by its view", "view"
)
RESPONSES = counter(
    "ims_responses", "Requests that were answered, by view and class of status", "view", "status"
)
DATABASE_ERRORS = counter(
    "ims_database_errors", "Errors of the database that were met: disconnected, contended, no-space", "error"
)
