"""An object storage on the loopback that speaks enough of Amazon S3's protocol to be published to.

What a request signs is judged by botocore, Amazon's own client library, from what came over the wire:
the headers that the signature names, the query, the path, and the SHA-256 of the body. What is stored
on a condition is so by RFC 9110: If-None-Match: * where nothing is, If-Match over that entity tag.
"""

import contextlib
import datetime
import hashlib
import http.server
import re
import threading
import time

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, SESSION, REGION = "AKTEST", "a/secret+key", "a-session", "eu-north-1"
SCOPE = re.compile(r"^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                   r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$")


class SigV4(S3SigV4Auth):
    """Signs again what was signed: those headers, and no others."""

    def __init__(self, region, names):
        super().__init__(Credentials(KEY, SECRET), "s3", region)
        self.names = names

    def headers_to_sign(self, request):
        kept = request.headers.__class__()
        for name in self.names:
            for value in request.headers.get_all(name, []):
                kept[name] = value
        return kept


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refusal(self, body):
        """The S3 error that the signature deserves; None for a good one."""
        found = SCOPE.match(self.headers.get("Authorization", ""))
        if found is None:
            return "AccessDenied"
        key, day, region, service, names, signature = found.groups()
        names = names.split(";")
        stamp = self.headers.get("x-amz-date", "")
        if key != KEY or service != "s3" or region != REGION:
            return "InvalidAccessKeyId"
        if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        if {"host", "x-amz-content-sha256", "x-amz-date"} - set(names) or not stamp.startswith(day):
            return "AccessDenied"
        if self.storage.session and (self.headers.get("x-amz-security-token") != SESSION
                                     or "x-amz-security-token" not in names):
            return "InvalidToken"
        signed = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(time.time() - signed.timestamp()) > 900:
            return "RequestTimeTooSkewed"
        request = AWSRequest(self.command, f"http://{self.headers['Host']}{self.path}", headers=dict(self.headers.items()))
        request.context["timestamp"] = stamp
        auth = SigV4(region, names)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return None if auth.signature(text, request) == signature else "SignatureDoesNotMatch"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may be gone
            self.wfile.write(body)

    def error(self, status, word):
        self.answer(status, f"<Error><Code>{word}</Code></Error>".encode())

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        storage = self.storage
        with storage.mutex:
            storage.requests.append((self.command, self.path, dict(self.headers.items())))
            trouble = storage.trouble(self.command, self.path) if storage.trouble else None
        if trouble == "drop":
            self.close_connection = True
            return
        if isinstance(trouble, int):
            self.error(trouble, "SlowDown")
            return
        refusal = None if self.command == "GET" and storage.is_public else self.refusal(body)
        if refusal:
            self.error(403, refusal)
            return
        with storage.mutex:
            status, found = self.store(storage, body) if self.command == "PUT" else (200, storage.objects.get(self.path))
        if trouble == "lose the answer":
            self.close_connection = True
        elif found is None:
            self.error(404, "NoSuchKey")
        elif status == 412:
            self.error(412, "PreconditionFailed")
        else:
            self.answer(status, b"" if self.command == "PUT" else found, ETag=storage.tag(found))

    def store(self, storage, body):
        there = storage.objects.get(self.path)
        tag = self.headers.get("If-Match")
        if storage.heeds and self.headers.get("If-None-Match") == "*" and there is not None:
            return 412, there
        if storage.heeds and tag is not None and (there is None or tag != storage.tag(there)):
            return (412, there) if there is not None else (404, None)
        storage.objects[self.path] = body
        return 200, body

    do_GET = do_PUT = serve

    def log_message(self, *words):
        pass


class Storage:
    """An object storage: `objects` by path; `trouble(method, path)` may answer a status, or a word."""

    def __init__(self, is_public=True, heeds=True, session=False):
        self.objects, self.requests = {}, []
        self.mutex = threading.Lock()
        self.is_public, self.heeds, self.session, self.trouble = is_public, heeds, session, None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"storage": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def tag(body):
        return f'"{hashlib.md5(body).hexdigest()}"'

    def files(self, prefix):
        """Path below the prefix -> bytes."""
        return {path[len(prefix):]: body for path, body in self.objects.items() if path.startswith(prefix)}

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.server.shutdown()
        self.server.server_close()
