use super::*;

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, part: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.status(), HS_ERR_INVALID_ARGUMENT);
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn a_socket_is_one_that_an_address_can_hold() {
    let longest = [b'x'; LONGEST_SOCKET_NAME];
    assert_eq!(LocalSocket::parse(b"", b""), Ok(None));
    assert_eq!(LocalSocket::parse(&longest, b""), Ok(Some(LocalSocket::Path(CString::new(longest).unwrap()))));
    assert_eq!(LocalSocket::parse(b"", b"n"), Ok(Some(LocalSocket::Abstract(c"n".into()))));
    refused(LocalSocket::parse(&[b'x'; 108], b""), "unix_socket has 108 bytes");
    refused(LocalSocket::parse(b"", &[b'x'; 108]), "abstract_socket has 108 bytes");
    refused(LocalSocket::parse(b"/a\0b", b""), "\"/a\\x00b\" has a NUL");
    refused(LocalSocket::parse(b"/a", b"b"), "choose one");
}

#[test]
fn connect_to_is_written_as_urls_write_hosts() {
    let entry = |host: &str, port, to: &str, to_port| {
        ConnectTo::parse(host.as_bytes(), port, to.as_bytes(), to_port).map(|to| to.entry)
    };
    assert_eq!(entry("Example.COM", 443, "127.0.0.1", 8443), Ok(c"example.com:443:127.0.0.1:8443".into()));
    assert_eq!(entry("", 0, "::1", 0), Ok(c"::[::1]:".into()));
    assert_eq!(entry("bücher.example", 0, "[::1]", 1), Ok(c"xn--bcher-kva.example::[::1]:1".into()));
    assert_eq!(entry("a", 80, "b", 0), Ok(c"a:80:b:".into()));
    assert_eq!(entry("a", 80, "", 81), Ok(c"a:80::81".into()));
    refused(entry("a:b", 0, "c", 0), "host \"a:b\"");
    refused(entry("a", 0, "c d", 0), "connect_host \"c d\"");
    refused(entry("a", 0, "c\0d", 0), "connect_host");
    refused(entry("a", 65_536, "c", 0), "port is 65536");
    refused(entry("a", 0, "c", 70_000), "connect_port is 70000");
    refused(entry("a", 1, "", 0), "nothing");
}

#[test]
fn the_first_entry_that_fits_says_where_connections_go() {
    let entry =
        |host: &str, port, to: &str, to_port| ConnectTo::parse(host.as_bytes(), port, to.as_bytes(), to_port).unwrap();
    let connect_to = vec![entry("a", 80, "::1", 0), entry("a", 0, "B", 8080), entry("", 443, "", 8443)];
    let network = Network { connect_to, ..Network::default() };
    for (host, port, to_host, to_port, is_name) in [
        ("a", 80, "[::1]", 80, false),
        ("a", 443, "b", 8080, true),
        ("c", 443, "c", 8443, true),
        ("c", 80, "c", 80, true),
        ("127.0.0.1", 443, "127.0.0.1", 8443, false),
    ] {
        let to = network.destination(HostPort { host, port }).unwrap();
        assert_eq!((to, to.is_name()), (HostPort { host: to_host, port: to_port }, is_name), "{host}:{port}");
    }
    let socket = Some(LocalSocket::Path(c"/s".into()));
    assert_eq!(Network { socket, ..Network::default() }.destination(HostPort { host: "a", port: 80 }), None);
}

#[test]
fn sources_are_an_interface_or_an_address_and_never_guessed() {
    assert_eq!(Source::parse(b"", b""), Ok(None));
    assert_eq!(Source::parse(b"eth0.100:1", b""), Ok(Some(Source::Interface(c"eth0.100:1".into()))));
    assert_eq!(Source::parse(b"", b"::1"), Ok(Some(Source::Address(Ipv6Addr::LOCALHOST.into()))));
    for name in ["host!localhost", "a/b", "a b", "sixteen-letters-", "a\0b"] {
        refused(Source::parse(name.as_bytes(), b""), "no interface's name");
    }
    refused(Source::parse(b"", b"localhost"), "local_address \"localhost\"");
    refused(Source::parse(b"lo", b"127.0.0.1"), "choose one");
    assert_eq!(LocalPorts::parse(0, 0), Ok(None));
    assert_eq!(LocalPorts::parse(65_535, 0), Ok(Some(LocalPorts { first: 65_535, count: 1 })));
    assert_eq!(LocalPorts::parse(1, 65_535), Ok(Some(LocalPorts { first: 1, count: 65_535 })));
    for (first, count) in [(0, 5), (65_535, 2), (1, 65_536), (65_536, 0), (u32::MAX, u32::MAX)] {
        refused(LocalPorts::parse(first, count), "1 to 65535");
    }
}

#[test]
fn contradictions_are_refused() {
    let socket = Some(LocalSocket::Path(c"/s".into()));
    let base = Network::default();
    assert_eq!(base.check(), Ok(()));
    assert_eq!(Network { socket: socket.clone(), ..base.clone() }.check(), Ok(()));
    let four = Source::parse(b"", b"127.0.0.1").unwrap();
    refused(Network { socket: socket.clone(), source: four.clone(), ..base.clone() }.check(), "Unix socket");
    refused(Network { socket, family: Family::Ipv4, ..base.clone() }.check(), "Unix socket");
    refused(Network { source: four, family: Family::Ipv6, ..base.clone() }.check(), "127.0.0.1");
    for bytes in [1, 1023, (1 << 20) + 1] {
        refused(Network { receive_buffer: Some(bytes), ..base.clone() }.check(), "receive_buffer_bytes");
        refused(Network { send_buffer: Some(bytes), ..base.clone() }.check(), "send_buffer_bytes");
    }
    assert_eq!(Network { receive_buffer: Some(1024), send_buffer: Some(16384), ..base }.check(), Ok(()));
}
