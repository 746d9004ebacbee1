"""Who is let in: by Host, Origin and token; and what every answer carries."""

import pytest


@pytest.fixture
def door(web):
    from mattekit.web.guard import Door

    return Door


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8000", 421),
        ("127.0.0.1:x", 421),
        ("10.0.0.7:8000", 421),
        ("", 421),
    ],
)
def test_a_foreign_host_is_refused(client, host, status):
    with client() as one:
        assert one.get("/health", headers={"host": host}).status_code == status


def test_other_addresses_and_names_are_taken_where_they_are_allowed(client, door):
    with client(door=door(("matte.example",), any_address=True, token="secret-secret")) as one:
        for host, status in (("10.0.0.7:80", 200), ("[fe80::1]", 200), ("matte.example", 200), ("evil.example", 421)):
            assert one.get("/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:8000"}, 422),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 422),
    ],
)
def test_another_site_s_page_cannot_ask(client, headers, status):
    with client() as one:
        assert one.post("/v1/matte", headers=headers).status_code == status


def test_a_token_is_needed_once_and_then_a_cookie_carries_it(client, door):
    with client(door=door(token="secret-secret", cookie="mattekit-8000")) as one:
        assert one.get("/health").status_code == 200
        assert one.get("/metrics").status_code == 401 and one.get("/?token=wrong").status_code == 401
        assert one.get("/metrics").headers["www-authenticate"] == "Bearer"
        assert one.get("/metrics", headers={"authorization": "Bearer secret-secret"}).status_code == 200
        assert one.get("/metrics", headers={"authorization": "Bearer sécret".encode()}).status_code == 401
        given = one.get("/?token=secret-secret&a=b", follow_redirects=False)
        assert given.status_code == 303 and given.headers["location"] == "/?a=b"
        cookie = given.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert one.get("/metrics").status_code == 200  # by the cookie


def test_every_answer_forbids_what_the_page_does_not_need(client):
    with client() as one:
        for path in ("/", "/health", "/none", "/page/main.js"):
            headers = one.get(path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/paint/pictures/..", "/paint/pictures/%2e%2e%2f"],
)
def test_no_path_names_a_file(client, path):
    with client() as one:
        assert one.get(path).status_code == 404
