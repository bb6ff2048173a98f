# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""The client of the service: one request, one answer, and one line when it fails."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import http.client
import json
import queue
import re
import socket
import ssl
import threading
import time
import uuid
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible.module_utils.urls import open_url

# An answer has some kilobytes; a health report of 200 endpoints has less than one megabyte.
MAX_BYTES = 16 * 1024 * 1024
CHUNK = 64 * 1024
MAX_LINE = 2000
LOOPBACK = ('localhost', '::1')
USED_KEY_PAUSE_S = 1

CONNECTION_ARGUMENTS = dict(
    url=dict(type='str', required=True),
    token=dict(type='str', no_log=True),
    client_cert=dict(type='path'),
    # The path of a file, which is no secret.
    client_key=dict(type='path', no_log=False),
    ca_path=dict(type='path'),
    validate_certs=dict(type='bool', default=True),
    timeout=dict(type='int', default=60),
)
CONNECTION_RULES = dict(
    required_one_of=[('token', 'client_cert')],
    required_by=dict(client_key='client_cert'),
)
CHANGE_ARGUMENTS = dict(ticket=dict(type='str'), reason=dict(type='str'))


class AgentError(Exception):
    """What went wrong, in one line. `facts` go into the module's result beside it."""

    def __init__(self, message, **facts):
        super(AgentError, self).__init__(one_line(message))
        self.facts = facts


class AnswerLost(AgentError):
    """The connection broke before the whole answer was here: the work may have been done."""


class Answer(object):
    """A good answer: the decoded JSON object."""

    def __init__(self, body, headers):
        self.body = body
        self.etag = headers.get('ETag')


class Agent(object):
    """The service that a task's options name. Errors: AgentError."""

    def __init__(self, params):
        self.url = checked_url(params['url'])
        self.timeout = params['timeout']
        if self.timeout < 1:
            raise AgentError('timeout must be 1 second or more')
        self.options = {name: params[name] for name in ('client_cert', 'client_key', 'ca_path', 'validate_certs')}
        check_files(params['client_cert'], params['client_key'], params['ca_path'])
        self.headers = {'Accept': 'application/json'}
        self.secrets = []
        if params['token'] is not None:
            self.secrets = [checked_token(params['token'])]
            self.headers['Authorization'] = 'Bearer %s' % self.secrets[0]

    def sends_token_in_the_clear(self):
        """Whether somebody on the way could read the token."""
        parts = urlsplit(self.url)
        host = parts.hostname or ''
        is_loopback = host in LOOPBACK or host.startswith('127.')
        return parts.scheme == 'http' and not is_loopback and 'Authorization' in self.headers

    def get(self, path, query=(), more_seconds=0):
        """`query` has pairs; `more_seconds`: how much longer than usual the answer may take."""
        return self._send('GET', path, query=query, more_seconds=more_seconds)

    def put(self, path, body, etag):
        return self._send('PUT', path, body=body, headers={'If-Match': etag})

    def delete(self, path, query, etag):
        return self._send('DELETE', path, query=query, headers={'If-Match': etag})

    def post(self, path, body):
        """Asks again under the same Idempotency-Key when the answer was lost, so that the work is done once. A dry run has
        no key: the service would have to note it."""
        if body['dryRun']:
            return self._send('POST', path, body=body)
        headers = {'Idempotency-Key': '"%s"' % uuid.uuid4()}
        try:
            return self._send('POST', path, body=body, headers=headers)
        except AnswerLost:
            return self._ask_again(path, body, headers)

    def _ask_again(self, path, body, headers):
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                return self._send('POST', path, body=body, headers=headers)
            except AgentError as error:
                under_way = error.facts.get('problem', {}).get('code') == 'idempotency-key-in-use'
                if not under_way or time.monotonic() > deadline:
                    raise
            time.sleep(USED_KEY_PAUSE_S)

    def _send(self, method, path, query=(), body=None, headers=None, more_seconds=0):
        """One exchange. In a thread of its own, since a time-out of a socket bounds each of its operations and not their sum:
        a server that sends one byte at a time, or a name server that does not answer, would otherwise hold the module."""
        seconds = self.timeout + more_seconds
        ended = queue.SimpleQueue()

        def exchange():
            try:
                ended.put((self._exchange(method, path, query, body, headers or {}, seconds), None))
            except BaseException as error:
                ended.put((None, error))

        # The thread of an exchange that is given up ends with the module.
        threading.Thread(target=exchange, daemon=True).start()
        try:
            answer, error = ended.get(timeout=seconds)
        except queue.Empty:
            raise self._late(seconds)
        if error is not None:
            raise error
        return answer

    def _exchange(self, method, path, query, body, headers, seconds):
        sent = dict(self.headers, **headers)
        if body is not None:
            sent['Content-Type'] = 'application/json'
        where = '%s %s' % (method, path)
        try:
            response = open_url(
                self.url + path + ('?' + urlencode(list(query)) if query else ''),
                method=method,
                data=None if body is None else json.dumps(body),
                headers=sent,
                timeout=seconds,
                follow_redirects='none',
                use_proxy=False,
                use_netrc=False,
                decompress=False,
                **self.options
            )
            return self._good(response, where)
        except HTTPError as error:
            raise self._refused(error, where)
        except AgentError:
            raise
        except Exception as error:
            raise self._failed(error, seconds)

    def _good(self, response, where):
        try:
            body = json.loads(self._read(response))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise AgentError('%s answered %s with something else than this service does' % (self.url, where))
        return Answer(body, response.headers)

    def _refused(self, error, where):
        try:
            problem = json.loads(self._read(error))
        except Exception:
            problem = None
        if 300 <= error.code < 400:
            return AgentError('%s answered %s with a redirect (%d), which is not followed' % (self.url, where, error.code))
        if not isinstance(problem, dict) or not isinstance(problem.get('code'), str):
            return AgentError('%s answered %s with status %d and no reason' % (self.url, where, error.code))
        line = '%s refused %s: %d %s: %s' % (self.url, where, error.code, problem['code'], problem.get('detail', ''))
        return AgentError(line + told_beside(problem), problem=camel_dict_to_snake_dict(problem))

    def _read(self, response):
        """The body, within a size."""
        stated = response.headers.get('Content-Length', '')
        expected = int(stated) if stated.isdigit() else None
        chunks = []
        size = 0
        while expected is None or size < expected:
            chunk = response.read1(CHUNK)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise AgentError('%s answered with more than %d bytes' % (self.url, MAX_BYTES))
        if expected is not None and size < expected:
            raise AnswerLost('%s broke off its answer' % self.url)
        return b''.join(chunks).decode('utf-8')

    def _failed(self, error, seconds):
        cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
        if isinstance(cause, socket.timeout):
            return self._late(seconds)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return AgentError(
                '%s: its certificate is not accepted: %s. ca_path may name its authority'
                % (self.url, getattr(cause, 'verify_message', cause))
            )
        if isinstance(cause, ssl.SSLError):
            return AgentError('%s: no TLS connection: %s' % (self.url, cause.reason or cause))
        if isinstance(cause, (ConnectionResetError, BrokenPipeError, http.client.HTTPException)):
            return AnswerLost('%s broke off the connection before it had answered' % self.url)
        return AgentError('%s cannot be reached: %s' % (self.url, getattr(cause, 'strerror', None) or cause))

    def _late(self, seconds):
        return AgentError('%s did not give its whole answer within %d s' % (self.url, seconds))


def run(module, work):
    """Ends the module with what `work(agent)` returns, or with the one line of its AgentError."""
    try:
        agent = Agent(module.params)
        # Ansible hides the token as it was given. This is the token as it is sent, should a server repeat it.
        module.no_log_values.update(agent.secrets)
        if agent.sends_token_in_the_clear():
            module.warn('%s is plain HTTP to another machine: whoever listens on the way has the token' % agent.url)
        result = work(agent)
    except AgentError as error:
        module.fail_json(msg=str(error), **error.facts)
    module.exit_json(**result)


def path_of(*segments):
    """A path on the service, each segment encoded."""
    return '/' + '/'.join(quote(segment, safe='') for segment in segments)


def given(**fields):
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def checked_url(url):
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise AgentError('url cannot be read: %s' % error)
    if parts.scheme not in ('http', 'https') or not parts.hostname or port == 0 or re.search(r'[\s\x00-\x20\x7f]', url.strip()):
        raise AgentError('url must be http://host:port or https://host:port')
    if '@' in parts.netloc:
        raise AgentError('url must hold no credentials: use token')
    if parts.query or parts.fragment or parts.path.strip('/'):
        raise AgentError('url must end behind the port: the modules add the path')
    return '%s://%s' % (parts.scheme, parts.netloc)


def check_files(client_cert, client_key, ca_path):
    """Reads the files once beforehand, so that the one that cannot be used is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ca_path is not None:
            named = 'ca_path'
            context.load_verify_locations(ca_path)
        if client_cert is not None:
            named = 'client_cert'
            # A key with a password is refused: OpenSSL would ask for it on a terminal.
            context.load_cert_chain(client_cert, client_key, password='')
    except ssl.SSLError:
        what = 'PEM certificate' if named == 'ca_path' else 'PEM certificate with its key, without a password'
        raise AgentError('%s holds no %s' % (named, what))
    except OSError as error:
        raise AgentError('%s cannot be read: %s' % (named, error.strerror))


def checked_token(token):
    """The token without white space around it. The message must not show it."""
    stripped = token.strip()
    if not re.match(r'\A[\x21-\x7e]+\Z', stripped):
        raise AgentError('token is empty, or has a character that no token has, such as a line break')
    return stripped


def told_beside(problem):
    """What some problems say beside their detail: which fields are wrong, which accounts may be meant."""
    parts = []
    errors = problem.get('errors')
    if isinstance(errors, list):
        parts += ['%s: %s' % (one.get('pointer', ''), one.get('detail', '')) for one in errors if isinstance(one, dict)]
    candidates = problem.get('candidates')
    if isinstance(candidates, list):
        parts += ['%s (%s)' % (one.get('sid', ''), one.get('account', '')) for one in candidates if isinstance(one, dict)]
    return ' [%s]' % '; '.join(parts) if parts else ''


def one_line(text):
    """Without line breaks and control characters, and of a length that can be read."""
    line = re.sub(r'[\x00-\x20\x7f-\x9f\u2028\u2029]+', ' ', str(text)).strip()
    return line if len(line) <= MAX_LINE else line[:MAX_LINE] + '…'
