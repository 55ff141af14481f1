

# --- Added by pyship: a system without /etc/hosts, such as a container from `scratch`, doesn't resolve the name
# `localhost`, which RFC 6761 defines for every system.
def _pyship_is_localhost(host):
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("latin-1")
    return isinstance(host, str) and host.lower() in ("localhost", "localhost.")


def _pyship_named(wrapper, theirs):
    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(wrapper, name, getattr(theirs, name, None))
    wrapper.__wrapped__ = theirs
    return wrapper


def _pyship_know_localhost(theirs, answer):
    def wrapper(host, *args, **kwargs):
        try:
            return theirs(host, *args, **kwargs)
        except gaierror as failure:
            if failure.errno == EAI_SERVICE or not _pyship_is_localhost(host):
                raise
            found = answer(*args, **kwargs)
            if not found:
                raise
            return found

    return _pyship_named(wrapper, theirs)


def _pyship_addresses(port, family=0, type=0, proto=0, flags=0):
    if flags & AI_NUMERICHOST:
        return []
    addresses = [("127.0.0.1", AF_INET)]
    if has_ipv6:
        addresses.append(("::1", AF_INET6))
    lists = [
        getaddrinfo.__wrapped__(address, port, kind, type, proto, flags)
        for address, kind in addresses
        if family in (AF_UNSPEC, kind)
    ]
    return [info for infos in lists for info in infos]


# These methods resolve names in C.
def _pyship_know_localhost_as_address(theirs):
    def wrapper(self, *args):
        try:
            return theirs(self, *args)
        except gaierror:
            address = args[-1]
            if not isinstance(address, tuple) or not _pyship_is_localhost(address[0]):
                raise
            own = "::1" if self.family == AF_INET6 else "127.0.0.1"
            return theirs(self, *args[:-1], (own, *address[1:]))

    return _pyship_named(wrapper, theirs)


def _pyship_hosts_has_localhost():
    """Whether the system knows the name. Then nothing is wrapped, and no traceback has a wrapper's frame."""
    try:
        with open("/etc/hosts", "rb") as hosts:
            return b"localhost" in hosts.read(65536)
    except OSError:
        return False


if not _pyship_hosts_has_localhost():
    getaddrinfo = _pyship_know_localhost(getaddrinfo, _pyship_addresses)
    gethostbyname = _pyship_know_localhost(gethostbyname, lambda: "127.0.0.1")
    gethostbyname_ex = _pyship_know_localhost(gethostbyname_ex, lambda: ("localhost", [], ["127.0.0.1"]))
    for _pyship_name in ("bind", "connect", "connect_ex", "sendto"):
        setattr(socket, _pyship_name, _pyship_know_localhost_as_address(getattr(_socket.socket, _pyship_name)))
    del _pyship_name


# --- Added by pyship: a system without /etc/services or /etc/protocols knows no service or protocol by name. These are the
# usual ones, with the numbers that IANA has assigned.
_pyship_services = {
    "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "http": 80, "kerberos": 88, "pop3": 110,
    "sunrpc": 111, "ntp": 123, "imap2": 143, "snmp": 161, "ldap": 389, "https": 443, "submissions": 465, "syslog": 514,
    "submission": 587, "ldaps": 636, "imaps": 993, "pop3s": 995, "mysql": 3306, "postgresql": 5432,
}  # fmt: skip
_pyship_protocols = {"ip": 0, "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ipv6-icmp": 58, "sctp": 132}


def _pyship_know_by_name(theirs, numbers):
    def wrapper(name, *args):
        try:
            return theirs(name, *args)
        except OSError:
            if name not in numbers:
                raise
            return numbers[name]

    return _pyship_named(wrapper, theirs)


def _pyship_know_by_port(theirs):
    def wrapper(port, *args):
        try:
            return theirs(port, *args)
        except OSError:
            for name, number in _pyship_services.items():
                if number == port:
                    return name
            raise

    return _pyship_named(wrapper, theirs)


if not os.path.exists("/etc/services"):
    getservbyname = _pyship_know_by_name(getservbyname, _pyship_services)
    getservbyport = _pyship_know_by_port(getservbyport)
if not os.path.exists("/etc/protocols"):
    getprotobyname = _pyship_know_by_name(getprotobyname, _pyship_protocols)
