//! What does not go through a proxy: the rules of `NO_PROXY`, read as Go reads them.

use crate::error::quoted;
use crate::http::url::Url;
use std::net::IpAddr;
use url::Host;

/// Targets that are asked directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypass(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    hosts: Hosts,
    /// Only on this port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    Address(IpAddr),
    /// All addresses that begin with the same bits.
    Network(IpAddr, u8),
    /// The name and all below it.
    Name(String),
    /// All names below it.
    Below(String),
}

/// Far more than anyone writes by hand; every request looks through them.
const MOST: usize = 4096;

impl Bypass {
    /// Reads a list, separated by commas or blanks; what is wrong with an entry ends it.
    pub fn parse(text: &str) -> Result<Bypass, String> {
        let rules: Vec<Rule> = entries(text).map(Rule::parse).collect::<Result<_, _>>()?;
        if rules.len() > MOST {
            return Err(format!("{} entries: at most {MOST}", rules.len()));
        }
        Ok(Bypass(rules))
    }

    /// The same for a list that others wrote: what cannot be read is left out, as other programs do.
    pub fn parse_leniently(text: &str) -> Bypass {
        Bypass(entries(text).filter_map(|entry| Rule::parse(entry).ok()).take(MOST).collect())
    }

    pub fn covers(&self, target: &Url) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let (host, port) = (target.host(), target.port());
        let name = host.strip_suffix('.').unwrap_or(host);
        let address = target.address().map(|address| address.to_canonical());
        self.0.iter().any(|rule| rule.port.is_none_or(|only| only == port) && rule.hosts.cover(name, address))
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(|byte: char| byte == ',' || byte.is_ascii_whitespace()).filter(|entry| !entry.is_empty())
}

impl Rule {
    fn parse(entry: &str) -> Result<Rule, String> {
        let refuse = |why: &str| Err(format!("entry {}: {why}", quoted(entry.as_bytes())));
        if entry == "*" {
            return Ok(Rule { hosts: Hosts::All, port: None });
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let Ok(address) = address.trim_matches(['[', ']']).parse::<IpAddr>() else {
                return refuse("what stands before the slash is no address");
            };
            let most = if address.is_ipv4() { 32 } else { 128 };
            return match bits.parse::<u8>() {
                Ok(bits) if bits <= most && !bits_are_signed(entry) => {
                    Ok(Rule { hosts: network(address, bits), port: None })
                }
                _ => refuse("what stands behind the slash is no number of bits"),
            };
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Ok(Rule { hosts: Hosts::Address(address.to_canonical()), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            None => (entry, None),
            Some((_, digits)) if digits.ends_with(']') => (entry, None),
            Some((host, digits)) => match digits.parse::<u16>() {
                Ok(port) if digits.bytes().all(|digit| digit.is_ascii_digit()) => (host, Some(port)),
                _ => return refuse("what stands behind the colon is no port"),
            },
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let (host, below) = match host.strip_prefix("*.").or(host.strip_prefix('.')) {
            Some(rest) => (rest, true),
            None => (host, false),
        };
        let hosts = match Host::parse(host) {
            Ok(Host::Domain(name)) if name.contains('*') => return refuse("a star stands alone or begins a name"),
            Ok(Host::Domain(name)) if below => Hosts::Below(name),
            Ok(Host::Domain(name)) => Hosts::Name(name),
            Ok(_) if below => return refuse("an address has nothing below it"),
            Ok(Host::Ipv4(address)) => Hosts::Address(address.into()),
            Ok(Host::Ipv6(address)) => Hosts::Address(IpAddr::from(address).to_canonical()),
            Err(error) => return refuse(&error.to_string()),
        };
        Ok(Rule { hosts, port })
    }
}

fn bits_are_signed(entry: &str) -> bool {
    entry.contains("/+")
}

/// A network of IPv4 addresses in IPv6 is one of IPv4.
fn network(address: IpAddr, bits: u8) -> Hosts {
    const MAPPED: u8 = 96;
    match (address, address.to_canonical()) {
        (IpAddr::V6(_), canonical @ IpAddr::V4(_)) if bits >= MAPPED => Hosts::Network(canonical, bits - MAPPED),
        _ => Hosts::Network(address, bits),
    }
}

impl Hosts {
    fn cover(&self, name: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Hosts::All, _) => true,
            (Hosts::Name(known), None) => name == known || is_below(name, known),
            (Hosts::Below(known), None) => is_below(name, known),
            (Hosts::Address(known), Some(address)) => *known == address,
            (Hosts::Network(IpAddr::V4(network), bits), Some(IpAddr::V4(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - u32::from(*bits)).unwrap_or(0) == 0
            }
            (Hosts::Network(IpAddr::V6(network), bits), Some(IpAddr::V6(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - u32::from(*bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

fn is_below(name: &str, known: &str) -> bool {
    name.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(list: &str, target: &str) -> bool {
        Bypass::parse(list).unwrap().covers(&Url::parse(target.as_bytes()).unwrap().url)
    }

    #[test]
    fn names_cover_themselves_and_what_is_below_them() {
        for (list, target, covered) in [
            ("", "http://example.com/", false),
            ("*", "http://example.com/", true),
            ("*", "http://127.0.0.1/", true),
            ("example.com", "http://example.com/", true),
            ("example.com", "http://EXAMPLE.com.:8080/", true),
            ("Example.COM.", "https://www.example.com/", true),
            ("example.com", "http://notexample.com/", false),
            ("example.com", "http://example.com.evil.test/", false),
            (".example.com", "http://www.example.com/", true),
            (".example.com", "http://example.com/", false),
            ("*.example.com", "http://a.b.example.com/", true),
            ("*.example.com", "http://example.com/", false),
            ("other.test example.com,third.test", "http://example.com/", true),
            ("bücher.example", "http://xn--bcher-kva.example/", true),
            ("com", "http://example.com/", true),
            ("0.1", "http://127.0.0.1/", false),
        ] {
            assert_eq!(covers(list, target), covered, "{list:?} and {target}");
        }
    }

    #[test]
    fn a_port_narrows_a_rule_to_it() {
        for (list, target, covered) in [
            ("example.com:8080", "http://example.com:8080/", true),
            ("example.com:8080", "http://example.com/", false),
            ("example.com:80", "http://example.com/", true),
            ("example.com:443", "https://www.example.com/", true),
            ("127.0.0.1:80", "http://127.0.0.1/", true),
            ("127.0.0.1:80", "http://127.0.0.1:81/", false),
            ("[::1]:81", "http://[::1]:81/", true),
            ("[::1]:81", "http://[::1]/", false),
        ] {
            assert_eq!(covers(list, target), covered, "{list:?} and {target}");
        }
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        for (list, target, covered) in [
            ("127.0.0.1", "http://0x7f.1/", true),
            ("127.0.0.1", "http://2130706433/", true),
            ("0x7f.1", "http://127.0.0.1/", true),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]/", true),
            ("::ffff:127.0.0.1", "http://127.0.0.1/", true),
            ("[::1]", "http://[0:0::1]/", true),
            ("::1", "http://[::1]/", true),
            ("127.0.0.0/8", "http://127.255.1.2/", true),
            ("127.0.0.0/8", "http://0x7f.1/", true),
            ("127.0.0.0/8", "http://128.0.0.1/", false),
            ("127.0.0.0/8", "http://[::ffff:7f00:5]/", true),
            ("10.1.2.3/8", "http://10.9.9.9/", true),
            ("192.168.4.0/22", "http://192.168.7.255/", true),
            ("192.168.4.0/22", "http://192.168.8.0/", false),
            ("0.0.0.0/0", "http://9.9.9.9/", true),
            ("0.0.0.0/0", "http://[2001:db8::1]/", false),
            ("1.2.3.4/32", "http://1.2.3.4/", true),
            ("1.2.3.4/32", "http://1.2.3.5/", false),
            ("2001:db8::/32", "http://[2001:db8:1::5]/", true),
            ("2001:db8::/32", "http://[2001:db9::5]/", false),
            ("::/0", "http://[2001:db9::5]/", true),
            ("::1/128", "http://[::2]/", false),
            ("::ffff:10.0.0.0/104", "http://10.1.1.1/", true),
            ("127.0.0.0/8", "http://localhost/", false),
            ("127.0.0.1", "http://localhost/", false),
        ] {
            assert_eq!(covers(list, target), covered, "{list:?} and {target}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_or_left_out() {
        for bad in
            ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "host/8", "a:b", "a:99999", "a:+80", "192.168.*"]
        {
            let list = format!("example.com,{bad}");
            let why = Bypass::parse(&list).unwrap_err();
            assert!(why.contains(bad), "{why}");
            let kept = Bypass::parse_leniently(&list);
            assert_eq!(kept, Bypass::parse("example.com").unwrap(), "{bad}");
        }
    }
}
