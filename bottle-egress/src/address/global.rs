//! The addresses that lead to the public Internet.
//!
//! From the IANA special-purpose address registries (RFC 6890 and its updates, as of October 2025). An address whose
//! registry entry is not plainly "globally reachable" is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NOT_GLOBAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Global unicast without these; everything outside `2000::/3` is special.
const NOT_GLOBAL_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Addresses of cloud platforms' own services that lie in public ranges.
const PLATFORM_V4: &[Ipv4Addr] = &[
    // Azure's virtual public address of the host: DHCP, DNS and the guest agent's endpoint.
    Ipv4Addr::new(168, 63, 129, 16),
];

/// Tells whether an address is globally reachable, as IANA's registries say.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    match embedded(address).unwrap_or(address) {
        IpAddr::V4(v4) => {
            !PLATFORM_V4.contains(&v4) && !NOT_GLOBAL_V4.iter().any(|(net, bits)| same_v4(v4, *net, *bits))
        }
        IpAddr::V6(v6) => {
            let unicast = same_v6(v6, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
            unicast && !NOT_GLOBAL_V6.iter().any(|(net, bits)| same_v6(v6, *net, *bits))
        }
    }
}

/// Returns the IPv4 address that an IPv6 address leads to: mapped (`::ffff:0:0/96`) or translated (`64:ff9b::/96`).
pub(super) fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = address else { return None };
    let translated = same_v6(v6, Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
    if let Some(mapped) = v6.to_ipv4_mapped() {
        return Some(mapped.into());
    }
    let [.., a, b, c, d] = v6.octets();
    translated.then(|| Ipv4Addr::new(a, b, c, d).into())
}

fn same_v4(a: Ipv4Addr, b: Ipv4Addr, bits: u32) -> bool {
    (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits
}

fn same_v6(a: Ipv6Addr, b: Ipv6Addr, bits: u32) -> bool {
    (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: bool, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(is_global(address), wanted, "{text}");
        }
    }

    #[test]
    fn public_addresses_are_global() {
        check(
            true,
            &[
                "1.1.1.1",
                "100.63.255.255",
                "100.128.0.1",
                "172.32.0.1",
                "192.0.1.1",
                "198.20.0.1",
                "223.255.255.255",
            ],
        );
        check(
            true,
            &["2606:4700::1111", "2a00::1", "2001:200::1", "64:ff9b::101:101"],
        );
    }

    #[test]
    fn special_addresses_are_not() {
        check(
            false,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "100.64.0.1",
                "127.0.0.1",
                "127.255.255.255",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.1",
                "192.0.0.192",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.0.1",
                "198.18.0.1",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "168.63.129.16",
            ],
        );
        check(
            false,
            &[
                "::",
                "::1",
                "::7f00:1",
                "::ffff:127.0.0.1",
                "::ffff:169.254.169.254",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::1",
                "100::1",
                "2001::1",
                "2001:20::1",
                "2001:db8::1",
                "2002:7f00:1::1",
                "3fff::1",
                "5f00::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "fec0::1",
                "ff02::1",
            ],
        );
    }
}
