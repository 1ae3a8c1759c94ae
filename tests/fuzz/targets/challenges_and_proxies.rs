//! What servers and operators write in small languages of their own. The first byte chooses: a `WWW-Authenticate` field,
//! a proxy's URL, a `NO_PROXY` list with URLs, or ranges of addresses with an address.

#![no_main]

use http_sentinel::fuzzing::{AddressMode, AddressRule, Bypass, Cidr, Proxy, Url, challenges};
use libfuzzer_sys::fuzz_target;
use std::net::IpAddr;

const SECRET: &str = "hunter2hunter2";

fuzz_target!(|data: &[u8]| {
    // The fuzzer sees what its inputs are compared with, and would write the secret itself.
    if data.to_ascii_lowercase().windows(7).any(|part| part == b"hunter2") {
        return;
    }
    let Some((&first, text)) = data.split_first() else { return };
    match first {
        b'w' => challenge(text),
        b'p' => proxy(text),
        b'n' => no_proxy(&String::from_utf8_lossy(text)),
        b'a' => addresses(&String::from_utf8_lossy(text)),
        _ => {}
    }
});

/// Printed in the plainest way, it is read alike.
fn challenge(field: &[u8]) {
    let Some(found) = challenges(field) else { return };
    assert!(found.len() <= 16);
    let mut printed = Vec::new();
    for challenge in &found {
        let (scheme, parameters) = (&challenge.scheme, &challenge.parameters);
        assert!(!scheme.is_empty() && parameters.len() <= 32);
        printed.extend_from_slice(scheme);
        for (index, (name, value)) in parameters.iter().enumerate() {
            let quoted: Vec<u8> = value.iter().flat_map(|&byte| [b'\\', byte]).collect();
            printed.extend_from_slice(if index == 0 { b" " } else { b", " });
            printed.extend([name, &b"=\""[..], &quoted, b"\""].concat());
        }
        printed.extend_from_slice(b", ");
    }
    assert_eq!(challenges(&printed), Some(found), "{}", printed.escape_ascii());
}

fn proxy(text: &[u8]) {
    let at = text.windows(3).position(|three| three == b"://").map_or(0, |at| at + 3);
    let secret = [&text[..at], b"user:", SECRET.as_bytes(), b"@", &text[at..]].concat();
    if let Err(error) = Proxy::parse(&secret, "the proxy") {
        let message = error.to_string();
        assert!(!message.contains(SECRET) && !message.chars().any(char::is_control), "{message:?}");
    }
    let Ok(proxy) = Proxy::parse(text, "the proxy") else { return };
    let address = &proxy.address;
    assert!(!address.contains('@') && address.bytes().all(|byte| byte.is_ascii_graphic()), "{address}");
    let again = Proxy::parse(address.as_bytes(), "the proxy").expect("what is printed is read");
    assert_eq!(again, Proxy { credentials: None, ..proxy.clone() });
    let (host, port) = address.split_once("://").unwrap().1.rsplit_once(':').unwrap();
    assert!(!host.is_empty() && port.parse::<u16>().unwrap() > 0, "{address}");
    if let Some(credentials) = &proxy.credentials {
        let both = credentials.user.iter().chain(&credentials.password);
        assert!(!credentials.user.is_empty() && !both.clone().any(u8::is_ascii_control));
        assert!(!proxy.scheme.is_http() || !credentials.user.contains(&b':'));
    }
}

/// The last line is the URL.
fn no_proxy(text: &str) {
    let (list, url) = text.rsplit_once('\n').unwrap_or((text, "http://example.com/"));
    let Ok(target) = Url::parse(url.as_bytes()) else { return };
    let target = target.url;
    let lenient = Bypass::parse_leniently(list);
    let Ok(bypass) = Bypass::parse(list) else { return };
    assert_eq!(bypass, lenient);
    // A list covers what one of its entries covers.
    let entries = || list.split(|byte: char| byte == ',' || byte.is_ascii_whitespace());
    let any = entries().any(|entry| Bypass::parse(entry).is_ok_and(|one| one.covers(&target)));
    assert_eq!(bypass.covers(&target), any);
    assert!(Bypass::parse(&format!("{list},*")).is_ok_and(|all| all.covers(&target)));
    let host = target.host();
    if !host.contains(['*', ',']) && !host.starts_with('.') && !host.ends_with('.') && Bypass::parse(host).is_ok() {
        assert!(Bypass::parse(host).is_ok_and(|one| one.covers(&target)), "{host} covers itself");
    }
    // Networks, by arithmetic.
    for entry in entries() {
        let Some((network, bits)) = entry.split_once('/') else { continue };
        let (Ok(network), Ok(bits)) = (network.trim_matches(['[', ']']).parse::<IpAddr>(), bits.parse::<u32>()) else {
            continue;
        };
        let Some(address) = target.address() else { continue };
        let covers = Bypass::parse(entry).unwrap().covers(&target);
        let network_of_v6 = network.is_ipv6() && !(network.to_canonical().is_ipv4() && bits >= 96);
        let same_kind = network_of_v6 == address.to_canonical().is_ipv6();
        let bits = if network.is_ipv4() { bits + 96 } else { bits };
        assert_eq!(covers, same_kind && begin_alike(network, address, bits), "{entry} and {address}");
    }
}

fn as_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn begin_alike(one: IpAddr, other: IpAddr, bits: u32) -> bool {
    (0..bits).all(|bit| (as_bits(one) ^ as_bits(other)) >> (127 - bit) & 1 == 0)
}

/// Blanks between; ranges, the denied ones behind a `!`, and addresses to judge.
fn addresses(text: &str) {
    let (mut allow, mut deny, mut judged) = (Vec::new(), Vec::new(), Vec::new());
    for word in text.split_ascii_whitespace() {
        if let Ok(address) = word.parse::<IpAddr>() {
            judged.push(address);
        }
        let (list, word) = match word.strip_prefix('!') {
            Some(rest) => (&mut deny, rest),
            None => (&mut allow, word),
        };
        let Ok(range) = Cidr::parse(word) else { continue };
        let (start, bits) = word.split_once('/').unwrap_or((word, ""));
        let start: IpAddr = start.parse().expect("a range begins with an address");
        let longest = if start.is_ipv4() { 32 } else { 128 };
        let bits = if word.contains('/') { bits.parse().unwrap() } else { longest };
        assert!(bits <= longest, "{word}");
        let bits = bits + 128 - longest;
        for bit in bits..128 {
            assert_eq!(as_bits(start) >> (127 - bit) & 1, 0, "{word} has bits beyond its prefix");
        }
        // A whole range of IPv6 has no IPv4 address in it, unless it lies within the mapped ones.
        let of_v4 = start.is_ipv4() || start.to_canonical().is_ipv4() && bits >= 96;
        list.push((range, start, bits, of_v4));
    }
    let rule = |mode| AddressRule {
        mode,
        allow: allow.iter().map(|(range, ..)| *range).collect(),
        deny: deny.iter().map(|(range, ..)| *range).collect(),
    };
    for address in judged {
        let within = |list: &[(Cidr, IpAddr, u32, bool)]| {
            let hit = |(range, start, bits, of_v4): &(Cidr, IpAddr, u32, bool)| {
                let canonical = address.to_canonical();
                let expected = *of_v4 == canonical.is_ipv4() && begin_alike(*start, address, *bits);
                assert_eq!(range.contains(canonical), expected, "{start}/{bits} and {address}");
                expected
            };
            list.iter().filter(|one| hit(one)).count() > 0
        };
        let (allowed, denied) = (within(&allow), within(&deny));
        let [any, public, listed] = [AddressMode::Any, AddressMode::Public, AddressMode::Listed].map(|mode| {
            let answer = rule(mode).allows(address);
            // An IPv4 address written as IPv6 is the same.
            assert_eq!(answer, rule(mode).allows(address.to_canonical()));
            if let IpAddr::V4(v4) = address {
                assert_eq!(answer, rule(mode).allows(v4.to_ipv6_mapped().into()));
            }
            answer
        });
        assert!(!denied || !any && !public && !listed, "{address} is denied");
        assert!(allowed || !listed, "{address} is not in the list");
        assert!(any || !public && !listed, "{address}");
        assert!(!allowed || any == listed, "{address}");
        let canonical = address.to_canonical();
        if canonical.is_loopback() || canonical.is_unspecified() || canonical.is_multicast() {
            assert!(allowed || !public, "{address} is not public");
        }
    }
}
