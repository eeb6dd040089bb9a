# SPDX-License-Identifier: Apache-2.0
"""As much SIP as the ledger needs: requests and answers over UDP, as bytes."""
import re
import socket


class Message:
    def __init__(self, data):
        head, _, self.body = data.partition(b'\r\n\r\n')
        lines = head.decode('latin-1').split('\r\n')
        self.first = lines[0]
        self.headers = [tuple(part.strip() for part in line.split(':', 1)) for line in lines[1:] if ':' in line]
        if self.first.startswith('SIP/2.0 '):
            self.status, self.method = int(self.first.split()[1]), None
        else:
            self.status, self.method = 0, self.first.split()[0]

    def get(self, name):
        return next((v for k, v in self.headers if k.lower() == name), '')

    @property
    def branch(self):
        found = re.search(r'branch=([^;,\s]+)', self.get('via'))
        return found.group(1) if found else ''


def answer(request, status, reason='OK', extra=(), body=b''):
    lines = [f'SIP/2.0 {status} {reason}']
    for name, value in request.headers:
        if name.lower() in ('via', 'from', 'call-id', 'cseq'):
            lines.append(f'{name}: {value}')
        elif name.lower() == 'to':
            lines.append(f'{name}: {value}' if ';tag=' in value else f'{name}: {value};tag=device')
    return '\r\n'.join([*lines, *extra, f'Content-Length: {len(body)}', '', '']).encode() + body


def udp_socket():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind(('127.0.0.1', 0))
    s.setblocking(False)
    return s


def request(method, uri, local, branch, sender, to, call_id, cseq, extra=(), body=b'', to_tag=''):
    to = f'<{to}>;tag={to_tag}' if to_tag else f'<{to}>'
    lines = [f'{method} {uri} SIP/2.0',
             f'Via: SIP/2.0/UDP 127.0.0.1:{local};branch=z9hG4bK{branch};rport',
             'Max-Forwards: 70', f'From: <{sender}>;tag=t{call_id.split("@")[0]}', f'To: {to}',
             f'Call-ID: {call_id}', f'CSeq: {cseq} {method}', *extra,
             f'Content-Length: {len(body)}', '', '']
    return '\r\n'.join(lines).encode() + body
