//! The address rule: to which addresses connections may be made. It looks at the address of each attempt to connect and
//! not at names, so that a name whose answer changes (DNS rebinding) does not get past it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is neither in `deny` nor in `allow` is for the mode to decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Any,
    /// Addresses of the public internet alone.
    Public,
    /// None.
    Listed,
}

/// `deny` beats `allow`, and `allow` beats `mode`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRule {
    pub mode: Mode,
    pub allow: Vec<Cidr>,
    pub deny: Vec<Cidr>,
}

impl AddressRule {
    /// Whether it cannot refuse anything.
    pub fn is_off(&self) -> bool {
        self.mode == Mode::Any && self.deny.is_empty()
    }

    pub fn allows(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let inner = embedded(ip);
        let denied = |ip: IpAddr| self.deny.iter().any(|range| range.contains(ip));
        if denied(ip) || inner.iter().any(|&v4| denied(v4.into())) {
            return false;
        }
        self.allow.iter().any(|range| range.contains(ip))
            || match self.mode {
                Mode::Any => true,
                Mode::Public => is_public(ip),
                Mode::Listed => false,
            }
    }
}

/// A range of addresses: those that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// As IPv6; IPv4 is mapped to `::ffff:0:0/96`.
    bits: u128,
    prefix: u32,
    v4: bool,
}

impl Cidr {
    /// "10.0.0.0/8", "fd00::/8", or one address without a prefix.
    pub fn parse(text: &str) -> Result<Cidr, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| String::from("not an IP address, with or without /PREFIX"))?;
        let (longest, skipped) = if ip.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = match prefix {
            None => longest,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|&prefix: &u32| prefix <= longest)
                .ok_or_else(|| format!("the prefix is longer than {longest} bits"))?,
            Some(_) => return Err(String::from("the prefix is not a number")),
        };
        let range = Cidr { bits: as_bits(ip), prefix: prefix + skipped, v4: ip.is_ipv4() };
        if range.bits & !range.mask() != 0 {
            return Err(format!("the address has bits beyond its prefix of {prefix}"));
        }
        Ok(range.canonical())
    }

    /// A range within `::ffff:0:0/96` is one of IPv4 addresses.
    fn canonical(self) -> Cidr {
        let mapped = self.prefix >= 96 && self.bits >> 32 == 0xffff;
        Cidr { v4: self.v4 || mapped, ..self }
    }

    fn mask(&self) -> u128 {
        if self.prefix == 0 { 0 } else { u128::MAX << (128 - self.prefix) }
    }

    /// `::/0` is all of IPv6 and nothing of IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.v4 && as_bits(ip) & self.mask() == self.bits
    }
}

fn as_bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Everything but the public internet, by the registries of special-purpose addresses (RFC 6890), each with its bits.
const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's metadata and control address, public by its number alone.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(start, prefix)| (ip.to_bits() ^ start.to_bits()) >> (32 - prefix) == 0)
}

/// What carries an IPv4 address is as public as that one. Of the rest only 2000::/3 is given out for the internet, and
/// the beginning of 2001::/16 and the documentation ranges are not.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let inner = embedded(ip.into());
    let all_public = inner.iter().all(|&v4| is_public_v4(v4));
    let [first, second, ..] = ip.segments();
    match (first, second) {
        _ if !all_public => false,
        // NAT64's well-known prefix; its local one (64:ff9b:1::/48) leads into one's own network.
        (0x64, 0xff9b) => ip.segments()[2..6] == [0; 4],
        (0x2001, 0) | (0x2002, _) => true,
        (0x2001, ..0x200) | (0x2001, 0xdb8) | (0x3fff, ..0x1000) => false,
        _ => first >> 13 == 1,
    }
}

/// The IPv4 addresses that packets to an IPv6 address may end up at, by the known schemes.
fn embedded(ip: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(v6) = ip else { return Vec::new() };
    let bits = v6.to_bits();
    let low = Ipv4Addr::from_bits(bits as u32);
    match v6.segments() {
        // Compatible with IPv4, and translated (RFC 2765).
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![low],
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![low],
        // The local NAT64 prefix has the address behind 96 bits or, in two parts, behind 48 (RFC 6052).
        [0x64, 0xff9b, 1, high, rest, next, ..] => {
            let parts = u32::from(high) << 16 | u32::from(rest & 0xff) << 8 | u32::from(next >> 8);
            vec![low, Ipv4Addr::from_bits(parts)]
        }
        // 6to4.
        [0x2002, high, rest, ..] => vec![Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(rest))],
        // Teredo: its server, and its client with all bits inverted.
        [0x2001, 0, high, rest, ..] => {
            vec![Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(rest)), Ipv4Addr::from_bits(!(bits as u32))]
        }
        // ISATAP, under any prefix.
        [.., 0 | 0x200, 0x5efe, _, _] => vec![low],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
