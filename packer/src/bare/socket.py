

# --- Added by pyship: a system without /etc/hosts, such as a container made from nothing, does not know the
# name `localhost`, which RFC 6761 gives to every system.
def _pyship_know_localhost(theirs, answer):
    def wrapper(host, *args, **kwargs):
        try:
            return theirs(host, *args, **kwargs)
        except OSError:
            if host not in ("localhost", b"localhost"):
                raise
            found = answer(*args, **kwargs)
            if not found:
                raise
            return found

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(wrapper, name, getattr(theirs, name))
    wrapper.__wrapped__ = theirs
    return wrapper


def _pyship_addresses(port, family=0, *args, **kwargs):
    addresses = [("127.0.0.1", AF_INET)]
    if has_ipv6:
        addresses.append(("::1", AF_INET6))
    lists = [
        getaddrinfo.__wrapped__(address, port, kind, *args, **kwargs)
        for address, kind in addresses
        if family in (AF_UNSPEC, kind)
    ]
    return [info for infos in lists for info in infos]


getaddrinfo = _pyship_know_localhost(getaddrinfo, _pyship_addresses)
gethostbyname = _pyship_know_localhost(gethostbyname, lambda: "127.0.0.1")
