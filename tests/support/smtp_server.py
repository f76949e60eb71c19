#!/usr/bin/python3
"""An SMTP server for tests, on loopback: Debian's python3-aiosmtpd with STARTTLS or TLS, login, and addresses that it
refuses. Each mail becomes a file NNN.eml of a folder, with how it came in front of it. Prints `listening on PORT`."""
import argparse
import asyncio
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder, refused):
        self.folder, self.refused, self.count = folder, refused, 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        head = "X-Tls: %s\r\nX-User: %s\r\nX-From: %s\r\nX-To: %s\r\n" % (
            "yes" if session.ssl else "no", session.auth_data or "", envelope.mail_from, " ".join(envelope.rcpt_tos))
        path = os.path.join(self.folder, "%03d.eml" % self.count)
        with open(path + ".new", "wb") as file:
            file.write(head.encode() + envelope.original_content)
        os.rename(path + ".new", path)
        return "250 OK"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--refuse", action="append", default=[])
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", action="store_true", help="from the start, instead of STARTTLS")
    parser.add_argument("--user")
    parser.add_argument("--password")
    given = parser.parse_args()
    context = None
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate, given.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (given.user, given.password)
        return AuthResult(success=good, handled=False, auth_data=given.user if good else None)

    def protocol():
        starttls = context if not given.tls else None
        return SMTP(Keeper.one, hostname="localhost", loop=loop, tls_context=starttls, require_starttls=bool(starttls),
                    authenticator=authenticate, auth_required=bool(given.user), auth_require_tls=not given.tls)

    Keeper.one = Keeper(given.folder, given.refuse)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", given.port, ssl=context if given.tls else None))
    print("listening on %d" % server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


main()
