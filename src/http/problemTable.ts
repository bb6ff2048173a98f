import type { ErrorKind } from '../lib/errors';

/** A row of the table: what `/problems/<code>` says. */
export interface ProblemDefinition {
  readonly code: string;
  /** The kind of the `DomainError` that has this code, or the status where the HTTP layer itself finds the problem. */
  readonly on: ErrorKind | number;
  readonly title: string;
  /** What has happened, in general; an answer's `detail` tells of the case. */
  readonly meaning: string;
  readonly remedy: string;
}

const SENT_WRONG = 'Correct the request as detail says. The contract is at /openapi.json, readable at /docs.';
const OPERATOR =
  'The request is right; the machine is not. Have its operator look at the log, under the request id.';
const START = 'Only seen at the start, in place of it. Mend what the message names and start again.';

/** Every problem code there is. A test compares it, both ways, with what the source throws. */
export const PROBLEMS = {
  // Found by the HTTP layer.
  'request-malformed': {
    on: 400,
    title: 'Malformed request',
    meaning: 'The request is not HTTP as RFC 9112 has it, or broke off.',
    remedy: SENT_WRONG,
  },
  'path-malformed': {
    on: 400,
    title: 'Malformed path',
    meaning: 'The path holds percent signs that do not encode UTF-8.',
    remedy: 'Percent-encode the path (RFC 3986, section 2.1).',
  },
  'validation-failed': {
    on: 400,
    title: 'The request does not fit the contract',
    meaning:
      'A parameter or a field is missing, unknown, repeated, or has a wrong type or value. errors lists each, with a JSON Pointer into the part that in names (body, query, path or header).',
    remedy: SENT_WRONG,
  },
  'json-malformed': {
    on: 400,
    title: 'Malformed JSON',
    meaning: 'The body is not JSON (RFC 8259) in UTF-8, or is nested beyond reason.',
    remedy: SENT_WRONG,
  },
  'body-unexpected': {
    on: 400,
    title: 'The operation takes no body',
    meaning:
      'A body came with an operation that would ignore it, such as DELETE, whose options are query parameters.',
    remedy: 'Send no body; pass options as query parameters.',
  },
  'idempotency-key-invalid': {
    on: 400,
    title: 'Malformed Idempotency-Key',
    meaning: 'The header Idempotency-Key is not 1 to 255 visible ASCII characters, or came more than once.',
    remedy: 'Send a text in double quotes that is new for each thing to do, such as a UUID.',
  },
  'idempotency-key-unexpected': {
    on: 400,
    title: 'The operation takes no Idempotency-Key',
    meaning:
      'The key would be ignored. PUT and DELETE are kept from being done twice by If-Match; webhooks take none, since what is kept of a key includes the answer, and one of theirs has a secret.',
    remedy: 'Leave the header out.',
  },
  'idempotency-key-in-use': {
    on: 409,
    title: 'The request is under way',
    meaning: 'A request with this Idempotency-Key has not been answered yet.',
    remedy: 'Wait as long as Retry-After says, and ask again: the answer is given again then.',
  },
  'idempotency-key-reused': {
    on: 422,
    title: 'The Idempotency-Key is another request’s',
    meaning:
      'Within 24 hours the same key has come with another operation, another body or another actor. Nothing was done.',
    remedy: 'Use a new key for each thing to do, and the same key only to repeat the very same request.',
  },
  'idempotency-key-unrecorded': {
    on: 'unavailable',
    title: 'The Idempotency-Key cannot be kept',
    meaning:
      'What belongs to the key cannot be written or read. Nothing was done, since it could be done twice.',
    remedy:
      'Make room and check the rights on the data folder. GET /changes tells whether an earlier request with the key was done; if not, ask again with a new key or none.',
  },
  'path-not-found': {
    on: 404,
    title: 'No such path',
    meaning: 'Nothing is served at this path. Paths are case-sensitive and have no trailing slash.',
    remedy: SENT_WRONG,
  },
  'method-not-allowed': {
    on: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, but not with this method. The Allow header lists those it has.',
    remedy: 'Use one of the methods in Allow.',
  },
  'not-acceptable': {
    on: 406,
    title: 'No such representation',
    meaning: 'The Accept header leaves no media type that this operation can answer with.',
    remedy: 'Send Accept: application/json, or leave it out.',
  },
  'request-timeout': {
    on: 408,
    title: 'The request took too long to arrive',
    meaning: 'The headers or the body did not come in time, and the connection was closed.',
    remedy: 'Send the request in one go.',
  },
  'body-too-large': {
    on: 413,
    title: 'The body is too large',
    meaning: 'Bodies may have 64 KiB.',
    remedy: 'Send less. No request of the contract needs more.',
  },
  'uri-too-long': {
    on: 414,
    title: 'The address is too long',
    meaning: 'Path and query may have 8 KiB together.',
    remedy: SENT_WRONG,
  },
  'content-type-unsupported': {
    on: 415,
    title: 'Unsupported media type',
    meaning: 'Bodies are JSON in UTF-8.',
    remedy: 'Send Content-Type: application/json.',
  },
  'content-encoding-unsupported': {
    on: 415,
    title: 'Unsupported content encoding',
    meaning: 'Bodies are taken as they are, not compressed.',
    remedy: 'Leave Content-Encoding out.',
  },
  'headers-too-large': {
    on: 431,
    title: 'The headers are too large',
    meaning: 'Request line and headers may have 16 KiB together.',
    remedy: 'Send fewer or shorter headers.',
  },
  'internal-error': {
    on: 500,
    title: 'Internal error',
    meaning: 'A fault of this service. The log has the cause, under the request id.',
    remedy:
      'Report it, with the request id. Reading again is safe; after a change, read the state before you repeat it.',
  },

  'too-busy': {
    on: 'unavailable',
    title: 'Too much is under way',
    meaning:
      'As many requests, or health checks, as this service takes are under way. Nothing was done of this one.',
    remedy: 'Wait for as long as Retry-After says, then repeat.',
  },

  // Access.
  unauthenticated: {
    on: 'unauthenticated',
    title: 'No token',
    meaning: 'The operation needs a bearer token and none was sent.',
    remedy:
      'Send Authorization: Bearer <token>. The first start leaves a token in admin.token in the data folder; the log names the file.',
  },
  'token-invalid': {
    on: 'unauthenticated',
    title: 'Wrong token',
    meaning: 'The bearer token is not valid here.',
    remedy: 'Take it afresh from where it is kept, without line breaks.',
  },
  'scope-missing': {
    on: 403,
    title: 'The token may not do this',
    meaning:
      'The token is valid, but its scope does not include this operation. scope names the one that is needed.',
    remedy:
      'Use a token of that scope: sensorproxy token create <name> --scope <scope>, on the machine itself.',
  },
  'host-not-allowed': {
    on: 421,
    title: 'The request names another host',
    meaning:
      'The Host header, or the host of an absolute target, is not this service’s: neither the address that the request came to, nor the machine’s name, nor one of SENSORPROXY_ALLOWED_HOSTS. Web pages that let their own name lead to this machine are kept out so.',
    remedy:
      'Call the service by its address or the machine’s name, or have its operator add the name to SENSORPROXY_ALLOWED_HOSTS.',
  },
  'origin-not-allowed': {
    on: 403,
    title: 'The request comes from another origin',
    meaning:
      'The Origin header names another origin than this service’s, or Sec-Fetch-Site says cross-site: a web page elsewhere has the browser ask.',
    remedy:
      'Call from a program, which sends no Origin, or from this service’s own page at /docs. Open that by its address, not by a link of another site.',
  },
  'too-many-failures': {
    on: 429,
    title: 'Too many wrong tokens',
    meaning: 'More than ten requests of this address in a minute had no token or a wrong one.',
    remedy:
      'Correct the token. Wait for as long as Retry-After says. Requests with a valid token are answered all the while.',
  },

  // Contexts and changes.
  'context-not-found': {
    on: 'notFound',
    title: 'No such account',
    meaning:
      'No account has this id, or its profile is not loaded, so that the registry does not show its settings.',
    remedy:
      'Name LocalSystem, LocalService, NetworkService, CurrentUser or the SID of a signed-in account; GET /proxy/contexts lists them.',
  },
  'id-invalid': {
    on: 'invalid',
    title: 'Malformed account id',
    meaning: 'The id is neither one of the names nor a security identifier (SID).',
    remedy: 'Name LocalSystem, LocalService, NetworkService, CurrentUser or a SID such as S-1-5-21-…-1104.',
  },
  'source-ambiguous': {
    on: 'conflict',
    title: 'Several accounts could be the source',
    meaning:
      'No source was named and several signed-in users have a proxy configured. candidates lists them.',
    remedy: 'Name one of the candidates as source.',
  },
  'source-not-configured': {
    on: 'conflict',
    title: 'The source has no settings',
    meaning: 'The source, or every account that could be it, has no proxy settings. Nothing was changed.',
    remedy: 'Set the proxy as a normal user and stay signed in, or name another source.',
  },
  'registry-changed': {
    on: 'conflict',
    title: 'Somebody else changed the settings meanwhile',
    meaning:
      'Between reading and writing, settings that the change rests on were changed by somebody else. Their value stays; what was written has been put back. restored and notRestored name those targets.',
    remedy: 'Look at the contexts again, decide again, and repeat.',
  },
  'source-malformed': {
    on: 'unprocessable',
    title: 'The source’s settings are malformed',
    meaning:
      'The source’s DefaultConnectionSettings cannot be decoded; detail says at which offset. Nothing was changed.',
    remedy: 'Set the proxy anew as that user, or name another source.',
  },
  'settings-invalid': {
    on: 'unprocessable',
    title: 'The settings cannot be stored',
    meaning:
      'The request is well-formed, but names settings that WinINET would not take or that would do harm. errors lists them.',
    remedy: 'Correct the fields that errors names.',
  },
  'if-match-required': {
    on: 'preconditionRequired',
    title: 'If-Match is missing',
    meaning: 'A change to one account must say which state it is meant for.',
    remedy: 'Read the context, then send its ETag as If-Match.',
  },
  'etag-stale': {
    on: 'stale',
    title: 'The context has changed',
    meaning:
      'The account’s settings are not those that If-Match names: somebody changed them since. Nothing was changed.',
    remedy: 'Read the context again, decide again, send its new ETag.',
  },
  'backup-not-found': {
    on: 'notFound',
    title: 'No such backup',
    meaning: 'No backup has this id, or it was deleted by rule (docs/backups.md).',
    remedy:
      'GET /proxy/backups lists them. GET /changes has an entry of the kind backupsDeleted for those that were deleted.',
  },
  'ticket-required': {
    on: 'unprocessable',
    title: 'A ticket is needed',
    meaning:
      'The service is set to take changes only with a ticket of a certain form, and none came, or one of another form. Nothing was touched.',
    remedy: 'Send the ticket as ticket, in the form that detail names (SENSORPROXY_REQUIRE_TICKET).',
  },
  'backup-damaged': {
    on: 'unprocessable',
    title: 'The backup is damaged',
    meaning:
      'The backup’s file is not the one that was saved (its SHA-256 differs) or cannot be read. Nothing was changed.',
    remedy: 'Use another backup, or set the proxy anew.',
  },
  'backup-failed': {
    on: 'unavailable',
    title: 'The backup could not be written',
    meaning: 'Nothing is changed without a backup, and the backup could not be saved. Nothing was changed.',
    remedy: 'Make room and check the rights on the data folder, then repeat.',
  },
  'write-failed': {
    on: 'unavailable',
    title: 'A write failed',
    meaning:
      'A target could not be written. failed names it; restored names the targets that were put back, notRestored those that could not be.',
    remedy:
      'Mend the cause and repeat. Where notRestored names accounts, restore the backup that backupId names.',
  },
  'recovery-pending': {
    on: 'unavailable',
    title: 'An interrupted change is not undone yet',
    meaning:
      'An earlier change was interrupted, and undoing it failed, as detail says. No other change is made before that. Of this request nothing was done.',
    remedy: 'Mend the cause and repeat: the interrupted change is undone first.',
  },
  'backups-unavailable': {
    on: 'unavailable',
    title: 'The backups cannot be listed',
    meaning: 'The folder that holds the backups cannot be read.',
    remedy: 'Check that the folder backups stands in the data folder and that the service may read it.',
  },
  'busy-writing': {
    on: 'unavailable',
    title: 'Other changes are under way',
    meaning:
      'Changes are made one at a time, and those before this one took longer than it may wait (30 s). Of this one nothing was done, nor will be.',
    remedy:
      'Wait for as long as Retry-After says, read the state, then repeat. If it goes on, look at GET /readyz and at the log.',
  },
  stopping: {
    on: 'unavailable',
    title: 'The service is stopping',
    meaning:
      'A change that had not begun when the service was told to stop is not begun any more. Nothing was touched.',
    remedy: 'Ask again when the service runs.',
  },
  'journal-unavailable': {
    on: 'unavailable',
    title: 'The journal cannot be written',
    meaning:
      'No change stays without a record. What was written has been put back: of settings, restored says what. A webhook is as it was.',
    remedy: 'Make room and check the rights on the data folder, then repeat.',
  },
  'change-not-found': {
    on: 'notFound',
    title: 'No such change',
    meaning: 'The journal has no entry with this id.',
    remedy: 'GET /changes lists them.',
  },
  'cursor-invalid': {
    on: 'invalid',
    title: 'Malformed cursor',
    meaning: 'The cursor is not one that this service gave.',
    remedy: 'Pass next of the last page, or leave cursor out for the first page.',
  },

  // Endpoints.
  'region-unknown': {
    on: 'invalid',
    title: 'No such region',
    meaning: 'No endpoint in force belongs to this region.',
    remedy: 'GET /endpoints lists them.',
  },
  'route-unknown': {
    on: 'unprocessable',
    title: 'The account’s routes cannot be told',
    meaning:
      'The account’s proxy settings, or an entry of its proxy list, cannot be read, so that nobody knows which way its programs go.',
    remedy:
      'GET /proxy/contexts shows what is wrong. Set the account’s proxy anew (PUT /proxy/contexts/{id} or POST /proxy/copy), or ask for another context.',
  },
  'timeout-out-of-range': {
    on: 'invalid',
    title: 'Time limit out of range',
    meaning: 'timeoutMs is outside the bounds that the contract states.',
    remedy: SENT_WRONG,
  },
  'endpoints-file-malformed': {
    on: 'invalid',
    title: 'Malformed endpoints file',
    meaning: 'The file that SENSORPROXY_ENDPOINTS_FILE names does not say what it must.',
    remedy: START,
  },
  'resolve-malformed': {
    on: 'invalid',
    title: 'Malformed address override',
    meaning: 'SENSORPROXY_RESOLVE has an entry that is not host:port:address.',
    remedy: START,
  },

  // The sensor.
  'sensor-not-installed': {
    on: 'conflict',
    title: 'The sensor is not installed',
    meaning: 'The service manager does not know the sensor’s updater, so that there is nothing to restart.',
    remedy: 'GET /sensor shows what was found. Install the sensor first.',
  },
  'sensor-disabled': {
    on: 'conflict',
    title: 'A service of the sensor is disabled',
    meaning: 'A service that is disabled would not start again once it is stopped. Nothing was touched.',
    remedy: 'Set the start type of the services that detail names to automatic, then repeat.',
  },
  'sensor-restart-running': {
    on: 'conflict',
    title: 'A restart is under way',
    meaning: 'The sensor is being restarted already, and one restart runs at a time. Nothing was touched.',
    remedy: 'Wait until it is done; GET /changes shows how it ended.',
  },
  'sensor-restart-failed': {
    on: 'unavailable',
    title: 'The restart failed',
    meaning:
      'The sensor could not be stopped or started in time. failed names the step, the service and its last state; detail says whether what ran before runs again.',
    remedy:
      'Look at GET /sensor and at the Windows event log, start what does not run, then repeat with a longer timeoutMs if it was only slow.',
  },
  'sensor-restart-unrecorded': {
    on: 'unavailable',
    title: 'The restart is not in the journal',
    meaning: 'The sensor was restarted and runs, but the journal could not take the record.',
    remedy: 'Do not repeat the restart. Make room and check the rights on the data folder.',
  },
  'service-manager-unavailable': {
    on: 'unavailable',
    title: 'There is no service manager',
    meaning: 'Windows’ service manager is not there (elsewhere than on Windows) or does not answer.',
    remedy: 'Restart the sensor on its machine by other means.',
  },
  'service-access-denied': {
    on: 'forbidden',
    title: 'The service manager refuses access',
    meaning: 'The account that this service runs as may not query, stop or start a service of the sensor.',
    remedy: 'Run the service as an account with those rights (LocalSystem has them).',
  },
  'service-refused': {
    on: 'unavailable',
    title: 'A service refuses',
    meaning: 'A service did not take what it was asked for; the detail has the Win32 code.',
    remedy: 'Look the code up (net helpmsg) and mend what it names, then repeat.',
  },

  // Webhooks.
  'webhook-not-found': {
    on: 'notFound',
    title: 'No such webhook',
    meaning: 'There is no webhook with this id, or it was deleted.',
    remedy: 'GET /webhooks lists them.',
  },
  'webhook-invalid': {
    on: 'unprocessable',
    title: 'The webhook cannot be made so',
    meaning:
      'The request is well-formed, but its address cannot be used, its template names a field that is not known, or the preset lacks something. errors lists each. Nothing was kept.',
    remedy: 'Correct the fields that errors names; docs/webhooks.md describes them.',
  },
  'webhook-host-not-allowed': {
    on: 'unprocessable',
    title: 'Webhooks may not be sent there',
    meaning: 'The address’s host, with its port, is not on the allow-list of this service. Nothing was kept.',
    remedy: 'Have the operator add it to SENSORPROXY_WEBHOOK_HOSTS, or name another host.',
  },
  'webhook-unrecorded': {
    on: 'unavailable',
    title: 'The webhook cannot be kept',
    meaning: 'What was asked for could not be written to the data folder. Nothing has changed.',
    remedy: 'Make room and check the rights on the data folder, then repeat.',
  },
  'too-many-webhooks': {
    on: 'conflict',
    title: 'There are as many webhooks as there may be',
    meaning: 'The number of webhooks is bounded. Nothing was kept.',
    remedy: 'Delete one that is not needed any more, then repeat.',
  },
  'delivery-not-found': {
    on: 'notFound',
    title: 'No such delivery',
    meaning: 'The webhook has no delivery with this id, or no longer.',
    remedy: 'GET /webhooks/{id}/deliveries lists them.',
  },
  'delivery-not-dead': {
    on: 'conflict',
    title: 'The delivery is not dead',
    meaning: 'It was made, or is still being tried; only what was given up is replayed.',
    remedy: 'Nothing is to be done. GET /webhooks/{id}/deliveries?state=dead lists what can be replayed.',
  },
  'delivery-superseded': {
    on: 'conflict',
    title: 'Something later of the same problem was delivered',
    meaning:
      'Sent now, the delivery would tell the receiver of a state of its problem that is over: a ticket would be opened that nothing closes, or closed while the problem is open.',
    remedy:
      'Nothing is to be sent. GET /events has what the event says; where a ticket of it is wanted, make it by hand.',
  },
  'webhook-queue-full': {
    on: 'conflict',
    title: 'Too many deliveries wait',
    meaning: 'As many deliveries of this webhook as may wait do so already.',
    remedy: 'Mend the receiver, wait until some are through, then repeat.',
  },

  // The registry and the data folder.
  'registry-name-invalid': {
    on: 'invalid',
    title: 'Malformed registry name',
    meaning: 'A key or value name is not one that a registry can hold.',
    remedy: SENT_WRONG,
  },
  'registry-key-absent': {
    on: 'notFound',
    title: 'The registry key is gone',
    meaning: 'A key vanished between two steps.',
    remedy: 'Read the state, then repeat.',
  },
  'registry-hive-not-loaded': {
    on: 'notFound',
    title: 'The account’s hive is not loaded',
    meaning: 'The account has no loaded registry hive, so that nothing can be written for it.',
    remedy: 'Have the account sign in, then repeat.',
  },
  'registry-access-denied': {
    on: 'forbidden',
    title: 'The registry refuses access',
    meaning: 'The account that the service runs as may not read or write what the request needs.',
    remedy: 'Run the service as an account with those rights (LocalSystem has them).',
  },
  'registry-value-unsupported': {
    on: 'unprocessable',
    title: 'The registry driver cannot carry this value',
    meaning:
      'The service reaches the registry through Windows Script Host, whose scripts cannot store or show this value unchanged. Nothing was written.',
    remedy:
      'Have the service use the native driver: the log says at the start why it does not. Or change this value by hand.',
  },
  'registry-unavailable': {
    on: 'unavailable',
    title: 'The registry does not work',
    meaning: 'The registry could not be read or written, or did not hold what was written to it.',
    remedy: OPERATOR,
  },
  'registry-locked': {
    on: 'conflict',
    title: 'The registry file is in use',
    meaning: 'Another process holds the registry file.',
    remedy: START,
  },
  'regfile-malformed': {
    on: 'invalid',
    title: 'Malformed registry file',
    meaning: 'The .reg file does not parse; the detail names the line. The file is left as it is.',
    remedy: START,
  },
  'token-file-unusable': {
    on: 'unavailable',
    title: 'The token file cannot be used',
    meaning: 'admin.token or tokens.json can be neither read nor written.',
    remedy: START,
  },
  'journal-unusable': {
    on: 'unavailable',
    title: 'The journal cannot be opened',
    meaning: 'The folder journal in the data folder cannot be opened or read.',
    remedy: START,
  },
  'events-unusable': {
    on: 'unavailable',
    title: 'The events cannot be opened',
    meaning: 'The folder events in the data folder cannot be opened or read.',
    remedy: START,
  },
  'token-file-malformed': {
    on: 'invalid',
    title: 'Malformed token file',
    meaning: 'admin.token or tokens.json does not hold what it must.',
    remedy: START,
  },
  'native-code-unavailable': {
    on: 'unavailable',
    title: 'Native code cannot be loaded',
    meaning:
      'The module with which Windows’ own functions are called cannot be loaded: a security product blocks it, or it is not there.',
    remedy: 'Allow koffi.node of the package, or set SENSORPROXY_REGISTRY=regedit.',
  },
  'folder-not-secured': {
    on: 'conflict',
    title: 'A folder cannot be restricted',
    meaning:
      'Only seen when the service is installed: the data folder belongs to somebody who is no administrator, is a link, or its rights cannot be changed.',
    remedy: 'Look at what is in the folder, delete it, and install again as an administrator.',
  },
  'data-dir-locked': {
    on: 'conflict',
    title: 'The data folder is in use',
    meaning: 'Another instance of this service uses the same data folder.',
    remedy: START,
  },
  'data-dir-unusable': {
    on: 'unavailable',
    title: 'The data folder cannot be used',
    meaning: 'The data folder cannot be made or written.',
    remedy: START,
  },
} as const satisfies Readonly<Record<string, Omit<ProblemDefinition, 'code'>>>;
