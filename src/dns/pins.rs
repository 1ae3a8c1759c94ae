//! Pins: names whose addresses the caller knows.

use super::Addresses;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// As in a parsed URL, without a dot at the end.
    host: String,
    /// `None` for every port.
    port: Option<u16>,
    pub addresses: Arc<Addresses>,
}

impl Pin {
    /// `Err` says what is wrong with the host or the addresses.
    pub fn new(host: &str, port: Option<u16>, ips: Vec<IpAddr>) -> Result<Pin, String> {
        let host = match url::Host::parse(host) {
            Ok(url::Host::Domain(name)) => name.strip_suffix('.').map_or(name.clone(), str::to_owned),
            Ok(_) => return Err(String::from("an address is not looked up")),
            Err(why) => return Err(why.to_string()),
        };
        if ips.is_empty() {
            return Err(String::from("there are no addresses"));
        }
        Ok(Pin { host, port, addresses: Arc::new(Addresses { ips, scope_id: 0 }) })
    }

    pub fn is_for(&self, host: &str, port: u16) -> bool {
        host.strip_suffix('.').unwrap_or(host) == self.host && self.port.is_none_or(|pinned| pinned == port)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, known};
    use super::*;

    fn pin(host: &str, port: Option<u16>, ip: &str) -> Pin {
        Pin::new(host, port, vec![ip.parse().unwrap()]).unwrap()
    }

    #[test]
    fn a_pin_is_for_a_name_however_it_is_written() {
        let pin = pin("Bücher.Example.", Some(443), "192.0.2.1");
        assert!(pin.is_for("xn--bcher-kva.example", 443));
        assert!(pin.is_for("xn--bcher-kva.example.", 443));
        assert!(!pin.is_for("xn--bcher-kva.example", 80));
        assert!(!pin.is_for("www.xn--bcher-kva.example", 443));
    }

    #[test]
    fn what_cannot_be_pinned_is_refused() {
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        for (host, ips, reason) in [
            ("", vec![ip], "empty host"),
            ("a b", vec![ip], "invalid"),
            ("host:80", vec![ip], "invalid"),
            ("127.0.0.1", vec![ip], "an address"),
            ("[::1]", vec![ip], "an address"),
            ("host", vec![], "no addresses"),
        ] {
            let why = Pin::new(host, None, ips).unwrap_err();
            assert!(why.contains(reason), "{host}: {why}");
        }
    }

    #[test]
    fn the_first_pin_counts_and_also_for_localhost() {
        let pins = vec![
            pin("host", Some(81), "192.0.2.1"),
            pin("host", None, "192.0.2.2"),
            pin("host", None, "192.0.2.3"),
            pin("a.localhost", None, "192.0.2.4"),
        ];
        let options = Options { pins, ..Options::default() };
        let ips = |host, port| known(&options, host, port).map(|found| found.ips[0].to_string());
        assert_eq!(ips("host", 81).as_deref(), Some("192.0.2.1"));
        assert_eq!(ips("host", 80).as_deref(), Some("192.0.2.2"));
        assert_eq!(ips("a.localhost", 80).as_deref(), Some("192.0.2.4"));
        assert_eq!(ips("b.localhost.", 80).as_deref(), Some("::1"));
        assert_eq!(ips("localhost", 80).as_deref(), Some("::1"));
        assert_eq!(ips("notlocalhost", 80), None);
        assert_eq!(ips("localhost.example", 80), None);
    }
}
