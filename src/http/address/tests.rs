use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ranges(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().map(|text| Cidr::parse(text).unwrap()).collect()
}

fn rule(mode: Mode, allow: &[&str], deny: &[&str]) -> AddressRule {
    AddressRule { mode, allow: ranges(allow), deny: ranges(deny) }
}

#[test]
fn the_public_internet_is_public() {
    let public = rule(Mode::Public, &[], &[]);
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:db7::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "3ffe::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2001:0:808:808::f7f7:f7f7",
    ] {
        assert!(public.allows(ip(text)), "{text}");
    }
}

#[test]
fn everything_else_is_not() {
    let public = rule(Mode::Public, &[], &[]);
    for text in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::192.168.0.1",
        "64:ff9b:0:1::8.8.8.8",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:1:a00:1::",
        "100::1",
        "100:0:0:1::1",
        "2001:0:a00:1::f7f7:f7f7",
        "2001:0:808:808::f5ff:fffe",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:127.0.0.1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!public.allows(ip(text)), "{text}");
    }
}

#[test]
fn deny_beats_allow_and_allow_beats_the_mode() {
    let public = rule(Mode::Public, &["10.0.0.0/8"], &["10.1.0.0/16", "8.8.8.8"]);
    for (text, allowed) in [
        ("10.0.0.1", true),
        ("10.1.0.1", false),
        ("8.8.8.8", false),
        ("8.8.4.4", true),
        ("192.168.0.1", false),
        ("::ffff:10.0.0.1", true),
        ("::ffff:10.1.0.1", false),
        ("64:ff9b::8.8.8.8", false),
    ] {
        assert_eq!(public.allows(ip(text)), allowed, "{text}");
    }
    let listed = rule(Mode::Listed, &["2606:4700::/32", "::ffff:1.1.1.0/120"], &[]);
    for (text, allowed) in
        [("2606:4700::1", true), ("2606:4701::1", false), ("1.1.1.1", true), ("1.1.2.1", false), ("::1", false)]
    {
        assert_eq!(listed.allows(ip(text)), allowed, "{text}");
    }
    let any = rule(Mode::Any, &[], &["127.0.0.0/8", "::1"]);
    for (text, allowed) in [
        ("127.0.0.2", false),
        ("::ffff:127.0.0.2", false),
        ("::127.0.0.2", false),
        ("64:ff9b::127.0.0.2", false),
        ("64:ff9b:1:7f00:0:100::", false),
        ("2002:7f00:1::1", false),
        ("::1", false),
        ("::3", true),
        ("10.0.0.1", true),
    ] {
        assert_eq!(any.allows(ip(text)), allowed, "{text}");
    }
}

#[test]
fn an_allowed_ipv4_range_does_not_open_its_tunnels() {
    let rule = rule(Mode::Public, &["10.0.0.0/8"], &[]);
    assert!(rule.allows(ip("10.0.0.1")));
    for text in ["2002:a00:1::1", "64:ff9b::10.0.0.1", "::10.0.0.1"] {
        assert!(!rule.allows(ip(text)), "{text}");
    }
}

#[test]
fn all_of_one_family_is_nothing_of_the_other() {
    assert!(!rule(Mode::Any, &[], &["0.0.0.0/0"]).allows(ip("1.2.3.4")));
    assert!(rule(Mode::Any, &[], &["0.0.0.0/0"]).allows(ip("2606:4700::1")));
    assert!(!rule(Mode::Any, &[], &["::/0"]).allows(ip("2606:4700::1")));
    assert!(rule(Mode::Any, &[], &["::/0"]).allows(ip("1.2.3.4")));
}

#[test]
fn a_rule_that_cannot_refuse_is_off() {
    assert!(AddressRule::default().is_off());
    assert!(rule(Mode::Any, &["10.0.0.0/8"], &[]).is_off());
    assert!(!rule(Mode::Any, &[], &["10.0.0.0/8"]).is_off());
    assert!(!rule(Mode::Public, &[], &[]).is_off());
    assert!(!rule(Mode::Listed, &[], &[]).is_off());
}

#[test]
fn ranges_that_cannot_be_meant_are_refused() {
    for (text, reason) in [
        ("", "not an IP address"),
        ("example.com", "not an IP address"),
        ("10.0.0/8", "not an IP address"),
        ("010.0.0.1", "not an IP address"),
        ("[::1]", "not an IP address"),
        ("fe80::1%eth0", "not an IP address"),
        ("10.0.0.0/33", "longer than 32"),
        ("10.0.0.0/99999999999", "longer than 32"),
        ("::/129", "longer than 128"),
        ("10.0.0.0/", "not a number"),
        ("10.0.0.0/-1", "not a number"),
        ("10.0.0.0/+8", "not a number"),
        ("10.0.0.0/8/8", "not a number"),
        ("10.0.0.1/8", "beyond its prefix of 8"),
        ("fe80::1/10", "beyond its prefix of 10"),
        ("1.0.0.0/0", "beyond its prefix of 0"),
    ] {
        let why = Cidr::parse(text).unwrap_err();
        assert!(why.contains(reason), "{text}: {why}");
    }
}
