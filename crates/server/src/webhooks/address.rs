//! Which addresses deliveries may go to. Whoever subscribes makes this machine send requests: they must not reach what
//! only this machine reaches.
//!
//! Ranges are those of the IANA special-purpose address registries (RFC 6890 and what amends it).

use backstop_api::http::WEBHOOK_URL_MAX;
use hyper::Uri;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// What a range of addresses is for, and whether it is refused even where private addresses are allowed.
type Range<A> = (A, u32, &'static str, bool);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const V4: &[Range<Ipv4Addr>] = &[
    (v4(0, 0, 0, 0), 8, "an address of no host", true),
    (v4(10, 0, 0, 0), 8, "a private address", false),
    (v4(100, 100, 100, 200), 32, "an address where a cloud tells a machine its secrets", true),
    (v4(100, 64, 0, 0), 10, "an address behind a carrier's NAT", false),
    (v4(127, 0, 0, 0), 8, "this machine", false),
    (v4(169, 254, 0, 0), 16, "a link-local address", true),
    (v4(172, 16, 0, 0), 12, "a private address", false),
    (v4(192, 0, 0, 0), 24, "an address for protocols", false),
    (v4(192, 0, 2, 0), 24, "an address for documentation", false),
    (v4(192, 88, 99, 0), 24, "a relay that is out of use", false),
    (v4(192, 168, 0, 0), 16, "a private address", false),
    (v4(198, 18, 0, 0), 15, "an address for benchmarks", false),
    (v4(198, 51, 100, 0), 24, "an address for documentation", false),
    (v4(203, 0, 113, 0), 24, "an address for documentation", false),
    (v4(224, 0, 0, 0), 4, "a multicast address", true),
    (v4(240, 0, 0, 0), 4, "a reserved address", true),
];

const fn v6(head: [u16; 3]) -> Ipv6Addr {
    Ipv6Addr::new(head[0], head[1], head[2], 0, 0, 0, 0, 0)
}

const V6: &[Range<Ipv6Addr>] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "an address of no host", true),
    (Ipv6Addr::LOCALHOST, 128, "this machine", false),
    (Ipv6Addr::UNSPECIFIED, 96, "an address out of use", true),
    (v6([0x64, 0xff9b, 1]), 48, "a private translation", false),
    (v6([0x2001, 0, 0]), 23, "an address for protocols", false),
    (v6([0x2001, 0xdb8, 0]), 32, "an address for documentation", false),
    (v6([0x2002, 0, 0]), 16, "a relay that is out of use", false),
    (v6([0x3fff, 0, 0]), 20, "an address for documentation", false),
    (v6([0xfd00, 0xec2, 0]), 32, "an address where a cloud tells a machine its secrets", true),
    (v6([0xfc00, 0, 0]), 7, "a private address", false),
    (v6([0xfe80, 0, 0]), 10, "a link-local address", true),
    (v6([0xfec0, 0, 0]), 10, "a private address", false),
    (v6([0xff00, 0, 0]), 8, "a multicast address", true),
];

/// What everything public begins with: `2000::/3`.
const PUBLIC: Range<Ipv6Addr> = (v6([0x2000, 0, 0]), 3, "", false);
/// Translated `IPv4`: `64:ff9b::/96`.
const TRANSLATED: Range<Ipv6Addr> = (v6([0x64, 0xff9b, 0]), 96, "", false);

fn holds_v4(&(net, bits, ..): &Range<Ipv4Addr>, ip: Ipv4Addr) -> bool {
    let shift = 32_u32.saturating_sub(bits);
    (net.to_bits() ^ ip.to_bits()).checked_shr(shift).unwrap_or_default() == 0
}

fn holds_v6(&(net, bits, ..): &Range<Ipv6Addr>, ip: Ipv6Addr) -> bool {
    let shift = 128_u32.saturating_sub(bits);
    (net.to_bits() ^ ip.to_bits()).checked_shr(shift).unwrap_or_default() == 0
}

/// What an address is that deliveries may not go to; none if they may.
fn refused(ip: IpAddr, allow_private: bool) -> Option<&'static str> {
    let stands = |what: &'static str, always: bool| (always || !allow_private).then_some(what);
    match ip {
        IpAddr::V4(ip) => {
            let found = V4.iter().find(|range| holds_v4(range, ip));
            found.and_then(|&(.., what, always)| stands(what, always))
        }
        IpAddr::V6(ip) => {
            let [.., a, b, c, d] = ip.octets();
            if ip.to_ipv4_mapped().is_some() || holds_v6(&TRANSLATED, ip) {
                return refused(v4(a, b, c, d).into(), allow_private);
            }
            if let Some(&(.., what, always)) = V6.iter().find(|range| holds_v6(range, ip)) {
                return stands(what, always);
            }
            (!holds_v6(&PUBLIC, ip)).then_some("a reserved address")
        }
    }
}

/// Why deliveries do not go somewhere: what was got, and what would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forbidden {
    pub(super) got: String,
    pub(super) limit: &'static str,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; expected {}", self.got, self.limit)
    }
}

const fn forbidden(got: String, limit: &'static str) -> Forbidden {
    Forbidden { got, limit }
}

/// Where deliveries go: an address that was read, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// The host without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl Target {
    /// Reads an address and checks what it says by itself.
    ///
    /// # Errors
    /// [`Forbidden`]: no such address, no https, a key in it, a port of another protocol, an IP address that is not public.
    pub(super) fn parse(url: &str, allow_private: bool) -> Result<Self, Forbidden> {
        const URL: &str = "an address such as https://hooks.example/backstop";
        if url.len() > WEBHOOK_URL_MAX {
            return Err(forbidden(format!("{} characters", url.len()), "at most 2048 characters"));
        }
        let uri: Uri = url.parse().map_err(|_| forbidden("what is no address".to_owned(), URL))?;
        let schemes = if allow_private { "https or http" } else { "https" };
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if allow_private => false,
            Some(other) => return Err(forbidden(other.to_owned(), schemes)),
            None => return Err(forbidden("an address without a scheme".to_owned(), URL)),
        };
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(forbidden("a name or password in the address".to_owned(), "none there"));
        }
        if url.contains('#') {
            return Err(forbidden("a part behind `#`".to_owned(), "an address without it"));
        }
        let host = uri.host().unwrap_or_default();
        let has_port = uri.authority().is_some_and(|authority| authority.as_str() != host);
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(forbidden("an address without a host".to_owned(), URL));
        }
        let stated = uri.port_u16();
        if stated.is_none() && has_port {
            return Err(forbidden("a port that is none".to_owned(), "443, or 1024 to 65535"));
        }
        let port = stated.unwrap_or(if is_tls { 443 } else { 80 });
        let fits = port == 443 || port >= 1_024;
        if port == 0 || !(fits || allow_private) {
            return Err(forbidden(format!("port {port}"), "443, or 1024 to 65535"));
        }
        if let Ok(ip) = host.parse() {
            public(ip, allow_private)?;
        }
        let host = host.to_owned();
        Ok(Self { uri, host, port, is_tls })
    }

    /// The addresses that the host means now, each of them checked; connections go to these.
    ///
    /// # Errors
    /// What to say about a name that means nothing, or anything that is not public.
    pub(super) async fn resolve(&self, allow_private: bool) -> Result<Vec<SocketAddr>, Forbidden> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let all: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
        if all.is_empty() {
            return Err(forbidden(
                format!("{}, which has no address", self.host),
                "a name that can be looked up",
            ));
        }
        for address in &all {
            public(address.ip(), allow_private)?;
        }
        Ok(all)
    }
}

fn public(ip: IpAddr, allow_private: bool) -> Result<(), Forbidden> {
    let limit = if allow_private { "an address of one host" } else { "a public address" };
    match refused(ip, allow_private) {
        Some(what) => Err(forbidden(format!("{ip}, {what}"), limit)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each refused, and whether it is refused even where private ones are allowed.
    const REFUSED: &[(&str, bool)] = &[
        ("0.0.0.0", true),
        ("0.255.255.255", true),
        ("10.0.0.1", false),
        ("10.255.255.255", false),
        ("100.64.0.1", false),
        ("100.127.255.255", false),
        ("100.100.100.200", true),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("169.254.169.254", true),
        ("169.254.0.1", true),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.8", false),
        ("192.0.2.1", false),
        ("192.88.99.1", false),
        ("192.168.0.1", false),
        ("198.18.0.1", false),
        ("198.19.255.255", false),
        ("198.51.100.7", false),
        ("203.0.113.7", false),
        ("224.0.0.1", true),
        ("239.255.255.255", true),
        ("240.0.0.1", true),
        ("255.255.255.255", true),
        ("::", true),
        ("::1", false),
        ("::7f00:1", true),
        ("::ffff:127.0.0.1", false),
        ("::ffff:10.1.2.3", false),
        ("::ffff:169.254.169.254", true),
        ("64:ff9b::a00:1", false),
        ("64:ff9b::a9fe:a9fe", true),
        ("64:ff9b:1::1", false),
        ("100::1", true),
        ("2001::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::1", false),
        ("3fff::1", false),
        ("5f00::1", true),
        ("fc00::1", false),
        ("fd12:3456::1", false),
        ("fd00:ec2::254", true),
        ("fe80::1", true),
        ("febf::1", true),
        ("fec0::1", false),
        ("ff02::1", true),
        ("4000::1", true),
    ];
    const PUBLIC_ONES: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ];

    #[test]
    fn addresses_that_are_not_public_are_refused() {
        for (text, always) in REFUSED {
            let ip: IpAddr = text.parse().unwrap();
            assert!(refused(ip, false).is_some(), "{text}");
            assert_eq!(
                refused(ip, true).is_some(),
                *always,
                "{text} where private ones are allowed"
            );
        }
        for text in PUBLIC_ONES {
            assert_eq!(refused(text.parse().unwrap(), false), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_checked_as_they_are_written() {
        let long = format!("https://a.example/{}", "x".repeat(2_048));
        for (url, needle) in [
            ("", "no address"),
            ("hooks.example", "without a scheme"),
            ("/hooks", "without a scheme"),
            ("http://a.example/", "expected https"),
            ("ftp://a.example/", "expected https"),
            ("file:///etc/passwd", ""),
            ("https://", ""),
            ("https:///x", ""),
            ("https://user:pass@a.example/", "name or password"),
            ("https://a.example#x", "behind `#`"),
            ("https://a.example:22/", "port 22"),
            ("https://a.example:80/", "port 80"),
            ("https://a.example:0/", "port 0"),
            ("https://a.example:99999/", ""),
            ("https://127.0.0.1/", "this machine"),
            ("https://[::1]:8443/", "this machine"),
            ("https://[fd00::1]/", "private"),
            ("https://169.254.169.254/latest/meta-data/", "link-local"),
            ("https://b\u{fc}cher.example/", "no address"),
            ("https://a.example/a b", "no address"),
            (&long, "2066 characters"),
        ] {
            let error = Target::parse(url, false).unwrap_err().to_string();
            assert!(error.contains(needle), "{url}: {error}");
        }
        let target = Target::parse("https://a.example:8443/x?y=1", false).unwrap();
        assert_eq!((target.host.as_str(), target.port, target.is_tls), ("a.example", 8443, true));
        let target = Target::parse("http://[::1]:80/x", true).unwrap();
        assert_eq!((target.host.as_str(), target.port, target.is_tls), ("::1", 80, false));
        assert!(Target::parse("http://169.254.169.254/", true).is_err());
    }

    /// What a name means is checked, however the address is spelled.
    #[tokio::test]
    async fn names_are_checked_by_what_they_mean() {
        for url in
            ["https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f.1/"]
        {
            let target = Target::parse(url, false).unwrap();
            let error = target.resolve(false).await.unwrap_err();
            assert!(
                error.limit == "a public address" || error.got.contains("no address"),
                "{error}"
            );
        }
        let target = Target::parse("http://localhost:9/", true).unwrap();
        assert!(target.resolve(true).await.unwrap().iter().all(|it| it.ip().is_loopback()));
    }
}
