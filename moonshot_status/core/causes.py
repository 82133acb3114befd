"""The causes of problems: one row for each, with its kind and its sentences.

The store keeps a row's name and the facts, not the sentences, so that they can be reworded.
"""

from __future__ import annotations

from moonshot_status.core.errors import Cause, Kind

_DOCTOR = "moonshot-status doctor"
_GATEWAY = "A login page of the network or a gateway may be in between."
_TERMINAL = "Run it in a terminal to see why."
_COPY = "Copy it once more from the console: letters, digits and dashes on one line."
_OPEN_PLATFORM = (
    "Make a key of the Open Platform in its console; not one that begins with sk-kimi-."
)
_CORRECT_FILE = "Correct the file; the README lists every setting."
_BASE_URL = "An example is https://api.moonshot.ai/v1; without one, the region decides."
_PROXY_TLS = "In {variable}, https:// means TLS to the proxy itself; most proxies want http://."
_PROXY_PROTOCOL = "Check the port and the scheme in {variable}: http, https or socks5h."
_PROXY_NETWORK = "{variable} names the proxy: check its own network connection and its log."
_CA = "Correct {variable}, or unset it."
_CLOCK = "Set the clock if it is wrong; if it is right, whoever runs the server has to act."
_LOGIN_FIRST = "Open a web page in a browser: the network may want a login first."
_CORRECT_CA = "Ask whoever made it, such as a company that inspects TLS, for a corrected one."
_INSPECTED = "The API does not do that; a company that inspects TLS may: ask its administrators."
_CODEXBAR = "Mend it in CodexBar, or put the key into a settings file of our own."
_NOT_SAVED = "Nothing is kept, so neither waiting times nor a single asker can be promised."
_UNTRUSTED = "(commands and base_url in the settings file are ignored until then)."
_OWN_FILE = f"Use a settings file of your own, in a folder of your own {_UNTRUSTED}"
_MOVE_FILE = "keep the settings in a file and a folder of your own"
_PERMISSIONS = "Look at the owner and the mode of it."

# fmt: off
# The key

NO_KEY = Cause(Kind.NO_KEY, "There is no API key for the {region} region", "Looked at {searched}.")
OTHER_REGION_ONLY = Cause(Kind.NO_KEY, "There is no API key for the {region} region",
    "The key in {other} belongs to the other region, so it is not used. Looked at {searched}.",
    _DOCTOR)
KEY_COMMAND_NOT_STARTED = Cause(Kind.NO_KEY, "api_key_command cannot be started",
    "Give its full path: bars know few folders.")
KEY_COMMAND_TIMEOUT = Cause(Kind.NO_KEY, "api_key_command did not end within {seconds} seconds",
    _TERMINAL)
KEY_COMMAND_FAILED = Cause(Kind.NO_KEY, "api_key_command failed with status {status}",
    _TERMINAL)
KEY_COMMAND_SILENT = Cause(Kind.NO_KEY, "api_key_command printed nothing on its first line",
    _TERMINAL)
KEY_COMMAND_NO_KEY = Cause(
    Kind.NO_KEY, "api_key_command printed no key, but a line of length {length} {reason}",
    "Run it in a terminal: the first line that it prints must be the key alone.")
KEY_COMMAND_KIMI_CODE = Cause(
    Kind.WRONG_PRODUCT, "api_key_command printed a key of Kimi Code, which has no balance",
    _OPEN_PLATFORM)
KEY_BLANK = Cause(Kind.NO_KEY, "The API key is blank", _COPY)
KEY_INPUT_EMPTY = Cause(Kind.NO_KEY, "There is nothing on the first line of standard input",
    "In a terminal, setup and config set-key ask for the key.")
KEY_TOO_LONG = Cause(Kind.BAD_KEY, "The API key is longer than {limit} characters", _COPY)
INVALID_CHARACTER = Cause(Kind.BAD_KEY, "The API key contains {character} at position {position}",
    _COPY)
TEXT_BEFORE_KEY = Cause(
    Kind.BAD_KEY, "There is something before the API key: its sk- is at position {position}",
    "Write the key alone: without a name, = or Bearer before it.")
KIMI_CODE_KEY = Cause(Kind.WRONG_PRODUCT, "This is a key of Kimi Code, which has no balance",
    _OPEN_PLATFORM)

# The settings

FILE_MISSING = Cause(Kind.CONFIG, "{path} is not there", _CORRECT_FILE)
FILE_UNREADABLE = Cause(Kind.CONFIG, "{path} cannot be read: {error}", _CORRECT_FILE)
FILE_NOT_JSON = Cause(Kind.CONFIG, "{path} is not valid JSON: {error}", _CORRECT_FILE)
INVALID_SETTING = Cause(Kind.CONFIG, "{path} has a mistake at {setting}: allowed is {expected}",
    _CORRECT_FILE)
THRESHOLDS_CROSS = Cause(
    Kind.CONFIG, "{path} has a mistake at {setting}: critical is above warning",
    "Allowed is a critical amount at or below the warning amount.")
UNKNOWN_REGION = Cause(Kind.CONFIG, "{origin} names a region that does not exist",
    "Allowed is {regions}.")
UNKNOWN_ACCOUNT = Cause(Kind.CONFIG, "{error}",
    "The settings have changed: choose another account.")
FILE_NOT_CHANGED = Cause(Kind.CONFIG, "Nothing was changed: {problem}", "{fix}")
EDIT_REFUSED = Cause(Kind.CONFIG, "Nothing was changed: then {problem}")
FILE_NOT_OPENED = Cause(Kind.CONFIG, "{path} cannot be read: {error}", _PERMISSIONS)
FILE_NOT_WRITTEN = Cause(Kind.CONFIG, "{path} cannot be written: {error}",
    "Check its owner and mode, those of its folder, and the free space.", _DOCTOR)
WRITABLE_BY_OTHERS = Cause(Kind.CONFIG, "Other users can write {path}",
    f"Run: chmod go-w {{quoted}} {_UNTRUSTED}", "chmod go-w {quoted}")
WRITABLE_AND_ROOTS = Cause(
    Kind.CONFIG, "Other users can write {path}", _OWN_FILE, _MOVE_FILE)
OWNED_BY_ANOTHER = Cause(
    Kind.CONFIG, "{path} belongs to another user", _OWN_FILE, _MOVE_FILE)
NOT_OWNED_BY_ROOT = Cause(Kind.CONFIG, "{path} belongs to another user",
    f"Run this program as that user, or use a settings file of root's {_UNTRUSTED}",
    "run this program as that user")
NOTIFY_COMMAND_IGNORED = Cause(Kind.CONFIG, "notify_command is ignored", "{problem}. {fix}")
CODEXBAR_UNREADABLE = Cause(Kind.CONFIG, "CodexBar's {path} cannot be read: {error}", _CODEXBAR)
CODEXBAR_NOT_JSON = Cause(Kind.CONFIG, "CodexBar's {path} is not valid JSON", _CODEXBAR)
CODEXBAR_NO_PROVIDERS = Cause(Kind.CONFIG, "CodexBar's {path} has no list of providers", _CODEXBAR)
CODEXBAR_NOT_A_STRING = Cause(
    Kind.CONFIG,
    "CodexBar's {path} has a mistake at providers.moonshot.{setting}: allowed is a string",
    _CODEXBAR)

# The base URL

URL_CHARACTERS = Cause(Kind.CONFIG,
    "{origin} cannot be used: it has characters that no address has", _BASE_URL)
URL_INVALID = Cause(Kind.CONFIG, "{origin} cannot be used: it is no address", _BASE_URL)
URL_CREDENTIALS = Cause(
    Kind.CONFIG, "{origin} cannot be used: a user name or password may not stand in it",
    _BASE_URL)
URL_QUERY = Cause(Kind.CONFIG, "{origin} cannot be used: it may not have a query or a fragment",
    _BASE_URL)
URL_INCOMPLETE = Cause(Kind.CONFIG, "{origin} cannot be used: it has no usable host, port or path",
    _BASE_URL)
URL_NOT_ENCRYPTED = Cause(
    Kind.CONFIG, "{origin} cannot be used: it must be https, or http to this machine",
    _BASE_URL)
URL_OTHER_API = Cause(Kind.CONFIG, "{origin} cannot be used: {what}",
    "Write {instead}, or leave it out: the region decides.")
URL_OTHER_REGION = Cause(
    Kind.CONFIG,
    "{origin} cannot be used: it is the {other} host, but the account's region is {region}",
    'Set the region to "{other}" if that is where the key is from.')
BASE_URL_IGNORED = Cause(Kind.CONFIG, "{variable} is ignored",
    "It applies only to a key from the environment. For any other key, set base_url in {path}.")

# The network

OFFLINE = Cause(Kind.OFFLINE, "{host} cannot be reached", "Is there a network connection?")
NO_RESPONSE = Cause(Kind.TIMEOUT, "No answer from {host} within {seconds:g} s",
    "The network is slow, or something in it swallows the request.")
LOCKED_ELSEWHERE = Cause(Kind.TIMEOUT, "Another process is still asking after {seconds:g} s",
    "The next run shows what it gets.")
INTERRUPTED = Cause(Kind.TIMEOUT, "The request was interrupted",
    "Its process ended or was stopped before there was an answer.")
PROXY_ADDRESS = Cause(Kind.PROXY, "The proxy that the environment names cannot be used",
    "{variable} wants an address such as http://proxy.example:3128.")
PROXY_CHARACTERS = Cause(Kind.PROXY, "The proxy URL in {variable} cannot be read",
    "In its user name and password, write {escapes}.")
PROXY_SCHEME = Cause(
    Kind.PROXY, "{variable} names a {scheme}:// proxy, which is not supported",
    "Supported are http, https, socks5, socks5h, socks4 and socks4a. Many proxy programs have an"
    " HTTP port: HTTPS_PROXY=http://127.0.0.1:PORT.")
PROXY_NOT_FOUND = Cause(Kind.PROXY, "The host name of the proxy {proxy} was not found",
    "{variable} names the proxy: check the spelling, the network connection and the VPN.")
PROXY_UNREACHABLE = Cause(Kind.PROXY, "The proxy {proxy} cannot be reached",
    "{variable} names the proxy: check its address and port, and whether it is running.")
PROXY_NO_RESPONSE = Cause(Kind.TIMEOUT,
    "No answer from {host} through the proxy {proxy} within {seconds:g} s",
    "The network is slow, or the proxy is. Check the address, the port and the scheme in"
    " {variable}.")
PROXY_CERTIFICATE = Cause(Kind.PROXY, "The certificate of the proxy {proxy} cannot be trusted",
    _PROXY_TLS)
PROXY_WITHOUT_TLS = Cause(Kind.PROXY, "The proxy {proxy} does not speak TLS", _PROXY_TLS)
PROXY_WANTS_TLS = Cause(Kind.PROXY, "The proxy {proxy} wants TLS",
    "Write https:// in {variable} instead of http://, or use its port for plain HTTP.")
PROXY_NOT_HTTP = Cause(
    Kind.PROXY, "The proxy {proxy} answered with something that is not HTTP", _PROXY_PROTOCOL)
PROXY_CLOSED = Cause(
    Kind.PROXY, "The proxy {proxy} closed the connection without an answer", _PROXY_PROTOCOL)
PROXY_WANTS_LOGIN = Cause(Kind.PROXY, "The proxy {proxy} wants a login (HTTP {status})",
    "Write the login into {variable}: http://USER:PASSWORD@HOST:PORT.")
PROXY_LOGIN_REJECTED = Cause(Kind.PROXY, "The proxy {proxy} rejected the login (HTTP {status})",
    "Check the user name and password in {variable}. Only Basic authentication is supported.")
PROXY_FORBIDS = Cause(
    Kind.PROXY, "The proxy {proxy} does not allow the connection (HTTP {status})",
    "{variable} names the proxy: ask its administrator to allow the API's host.")
PROXY_PORTAL = Cause(
    Kind.PROXY, "The network of the proxy {proxy} wants a login in a browser (HTTP {status})",
    "Open any page in a browser that uses the proxy in {variable}, and log in.")
PROXY_REACHES_NOBODY = Cause(Kind.PROXY, "The proxy {proxy} cannot reach the API (HTTP {status})",
    _PROXY_NETWORK)
PROXY_REFUSES = Cause(Kind.PROXY, "The proxy {proxy} refused the connection (HTTP {status})",
    "{variable} names the proxy: check its address and port, and whether it allows CONNECT.")
PROXY_LOST = Cause(Kind.PROXY, "The connection through the proxy {proxy} was closed",
    _PROXY_NETWORK)
SOCKS_MISSING = Cause(Kind.PROXY, "{variable} names a SOCKS proxy, which needs PySocks",
    "Install pysocks into this program's environment: pip install -e '.[socks]' in a checkout, or"
    " pipx inject moonshot-status pysocks. Or use the HTTP port that most such programs have:"
    " HTTPS_PROXY=http://127.0.0.1:PORT.")
SOCKS_LOOKUP = Cause(Kind.OFFLINE, "{host} was not found",
    "With {scheme}://, this machine looks names up. Write {remote}:// in {variable} to leave that"
    " to the proxy.")
PROXY_WITHOUT_SOCKS = Cause(
    Kind.PROXY, "The proxy {proxy} does not speak this version of SOCKS", _PROXY_PROTOCOL)
SOCKS_LOGIN = Cause(Kind.PROXY, "The SOCKS proxy {proxy} wants a login",
    "Write the login into {variable}: socks5h://USER:PASSWORD@HOST:PORT.")
SOCKS_LOGIN_REJECTED = Cause(Kind.PROXY, "The SOCKS proxy {proxy} rejected the login",
    "Check the user name and password in {variable}.")
SOCKS_FORBIDS = Cause(
    Kind.PROXY,
    "The proxy {proxy} does not allow the connection (SOCKS error {status}: {reply})",
    "{variable} names the proxy: its rules have to allow the API's host.")
SOCKS_REACHES_NOBODY = Cause(
    Kind.PROXY,
    "The proxy {proxy} cannot reach the API (SOCKS error {status}: {reply})",
    _PROXY_NETWORK)
SOCKS_REFUSED = Cause(
    Kind.PROXY,
    "The proxy {proxy} refused the connection (SOCKS error {status}: {reply})",
    _PROXY_NETWORK)

# TLS

OPENSSL_UNUSABLE = Cause(Kind.TLS, "OpenSSL cannot be used on this machine",
    "Check its settings: OPENSSL_CONF, or openssl.cnf.")
NO_AUTHORITIES = Cause(Kind.TLS, "This machine has no CA certificates, so it can trust nobody",
    "Install the package ca-certificates.")
CA_UNUSABLE = Cause(Kind.TLS, "{variable} names {path}: {error}", _CA)
CA_FILE_EMPTY = Cause(Kind.TLS, "{variable} names {path}, which holds no certificate in PEM", _CA)
CA_FILE_DER = Cause(Kind.TLS, "{variable} names {path}, which is DER, not PEM",
    "Convert it: openssl x509 -inform der -in {path} -out ca.pem; then name ca.pem.")
CERTIFICATE_EXPIRED = Cause(Kind.TLS, "The certificate of {host} or of its CA has expired", _CLOCK)
CERTIFICATE_NOT_YET_VALID = Cause(Kind.TLS,
    "The certificate of {host} or of its CA is not valid yet", _CLOCK)
CERTIFICATE_OF_ANOTHER = Cause(Kind.TLS, "The certificate of {host} is for another name",
    f"{_LOGIN_FIRST} Otherwise the base URL may be wrong.")
UNKNOWN_AUTHORITY = Cause(Kind.TLS, "The certificate of {host} is from an unknown authority",
    f"{_LOGIN_FIRST} If your company inspects TLS, set SSL_CERT_FILE to the CA file that its"
    " administrators gave you.")
AUTHORITY_NOT_NAMED = Cause(Kind.TLS,
    "The certificate of {host} is from an authority that is not in {path}",
    f"{_LOGIN_FIRST} {{variable}} names that path: unset it, or if your company inspects TLS,"
    " ask its administrators for the right CA file.")
AUTHORITY_IN_OTHER_FILE = Cause(Kind.TLS,
    "The certificate of {host} is from an unknown authority",
    f"{_LOGIN_FIRST} {{variable}} is ignored: if your company gave you the CA file that it names,"
    " set SSL_CERT_FILE to the same file.")
CA_LACKS = Cause(Kind.TLS,
    "The CA certificate behind that of {host} lacks {part}, which Python 3.13 requires",
    _CORRECT_CA)
CERTIFICATE_LACKS = Cause(Kind.TLS,
    "The certificate of {host} or of its CA lacks {part}, which Python 3.13 requires", _CORRECT_CA)
CERTIFICATE_REFUSED = Cause(Kind.TLS,
    "The certificate of {host} or of its CA cannot be accepted: {flaw}", _CORRECT_CA)
CLIENT_CERTIFICATE = Cause(Kind.TLS,
    "{host} wants a client certificate, which this program does not send", _INSPECTED)
NOT_TLS = Cause(Kind.TLS, "{host} does not speak TLS on that port",
    "Check the base URL. If it is right, something in the network answers instead.")
TLS_TOO_OLD = Cause(Kind.TLS, "{host} does not speak TLS 1.2 or later", _INSPECTED)
HANDSHAKE_FAILED = Cause(Kind.TLS, "TLS with {host} failed: {reason}",
    "Something in between may inspect or cut TLS, such as a company's gateway.")

# The response

NOT_HTTP = Cause(Kind.BAD_RESPONSE, "{host} answered with something that is not HTTP", _GATEWAY)
NOT_A_BALANCE = Cause(Kind.BAD_RESPONSE, "The answer is not a balance", _GATEWAY)
PAGE_IN_BETWEEN = Cause(
    Kind.BAD_RESPONSE, "A page in between answered (HTTP {status}), not the API",
    "It may be a gateway, a web filter or a hotel login page: check in a browser. "
    "It says nothing about the key.")
NETWORK_LOGIN = Cause(
    Kind.BAD_RESPONSE, "A page in between answered (HTTP 511), not the API",
    "It is the login page of the network: open a browser and log in.")
REDIRECT = Cause(
    Kind.REDIRECTED, "The answer is a redirect (HTTP {status}), which a key must not follow",
    "Check the base URL, and whether the network wants a login in a browser.")
API_ERROR = Cause(Kind.API_ERROR, "The API refused the request ({codes})",
    "It is tried again; the provider's documentation explains the codes.")
REQUEST_REFUSED = Cause(Kind.API_ERROR, "The request was refused ({codes})",
    "Something in between may have refused it, such as a gateway or a web filter. "
    "Will retry automatically.")
KEY_REJECTED = Cause(Kind.UNAUTHORIZED, "The key was rejected, or it belongs to the other region",
    "Check the region and {key}, then run moonshot-status --refresh.")
SUSPENDED = Cause(Kind.SUSPENDED, "The account is suspended", "Check billing in the console.")
FORBIDDEN = Cause(Kind.FORBIDDEN, "This key is not allowed to read the balance",
    "Check in the console whether the key is limited, to some IP addresses for example.")
NOT_FOUND = Cause(Kind.NOT_FOUND, "There is no balance at this address (HTTP 404)",
    "Check the base URL.")
RATE_LIMITED = Cause(Kind.RATE_LIMITED, "Too many requests for this account",
    "The next one is made when its time has come; other programs with this key count too.")
OVERLOADED = Cause(Kind.RATE_LIMITED, "The provider is overloaded",
    "This account has not reached a limit. Will retry automatically.")
LIMITED_IN_BETWEEN = Cause(
    Kind.RATE_LIMITED, "Something in between limits requests (HTTP 429), not the API",
    "It may be a gateway, a VPN or a web filter. Will retry automatically.")
SERVER_ERROR = Cause(Kind.SERVER_ERROR, "The API has a fault (HTTP {status})", "It is tried again.")

# This program

STORE_UNUSABLE = Cause(Kind.STORE, "{path} cannot be used: {error}", _NOT_SAVED)
STORE_FOREIGN = Cause(Kind.STORE, "{path} belongs to another user", "Nothing is saved there. {fix}")
STORE_LOCKED = Cause(Kind.STORE, "{path} is locked by another process",
    "That process may be stopped: continue it or end it.")
STORE_NEWER = Cause(Kind.STORE, "{path} was written by a later version of this program",
    "Upgrade version {version} in {folder}. Until then it stores its balances separately.")
INTERNAL = Cause(Kind.INTERNAL, "Something unforeseen happened in this program",
    "Run it with --debug in a terminal and report what it prints.")
# fmt: on

UNSAFE = (WRITABLE_BY_OTHERS, WRITABLE_AND_ROOTS, OWNED_BY_ANOTHER, NOT_OWNED_BY_ROOT)
"""The causes for a settings file that somebody else can write."""
BY_NAME = {name: value for name, value in list(globals().items()) if isinstance(value, Cause)}
"""Each cause by its name in the store."""
NAMES = {cause: name for name, cause in BY_NAME.items()}
"""The reverse of ``BY_NAME``; no two causes may have the same kind and sentences."""
