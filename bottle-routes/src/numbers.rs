//! Ports, addresses and bounds of a route.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, quoted};
use bottle_plan::egress::RouteLimits;
use bottle_plan::size::ByteSize;
use ipnet::IpNet;

use crate::field::some_items;

pub(crate) fn read_ports(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<u16> {
    let mut ports = Vec::new();
    for item in some_items(entry, diagnostics) {
        let Some(port) = read_port(item, diagnostics) else {
            continue;
        };
        if ports.contains(&port) {
            diagnostics.report(
                Diagnostic::error("duplicate-port", format!("the port {port} occurs twice")).at(&item.span),
            );
        } else {
            ports.push(port);
        }
    }
    ports.sort_unstable();
    ports
}

fn read_port(item: &Node, diagnostics: &mut Diagnostics) -> Option<u16> {
    let number = diagnostics.accept(item.expect_integer())?;
    let port = u16::try_from(number).ok().filter(|port| *port != 0);
    diagnostics.accept(port.ok_or_else(|| {
        Diagnostic::error("bad-port", format!("{number} is not a TCP port"))
            .at(&item.span)
            .help("allowed: 1 to 65535")
    }))
}

pub(crate) fn read_addresses(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<IpNet> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let read = |item: &Node| {
        let text = diagnostics.accept(item.expect_string())?;
        diagnostics.accept(read_net(text).map_err(|refusal| refusal.at(&item.span)))
    };
    items.iter().filter_map(read).collect()
}

fn read_net(text: &str) -> Result<IpNet, Diagnostic> {
    let refuse = |message: String| Diagnostic::error("bad-cidr", message);
    let net: IpNet = text.parse().map_err(|_| {
        let help = "write an address and a prefix length, such as 10.1.0.0/16, or /32 for one address";
        refuse(format!("{} is not a range of addresses", quoted(text))).help(help)
    })?;
    if net.prefix_len() == 0 {
        let help = "name the networks that the route is to reach";
        return Err(
            refuse("a range of all addresses would lift the check for every one".to_owned()).help(help),
        );
    }
    if is_mapped(&net) {
        let help = "write the IPv4 range itself";
        return Err(refuse(format!(
            "{} is a range of IPv4 addresses in IPv6 spelling",
            quoted(text)
        ))
        .help(help));
    }
    if net.trunc() != net {
        let help = format!("write {}", net.trunc());
        return Err(refuse(format!("{} has bits set beyond its prefix", quoted(text))).help(help));
    }
    Ok(net)
}

fn is_mapped(net: &IpNet) -> bool {
    matches!(net, IpNet::V6(net) if net.addr().to_ipv4_mapped().is_some())
}

pub(crate) fn read_limits(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<RouteLimits> {
    let mut keys = MapReader::of_entry("`limits`", entry, diagnostics)?;
    let body = keys
        .optional("body")
        .and_then(|entry| read_size(entry, diagnostics));
    let requests = keys
        .optional("requests_per_minute")
        .and_then(|entry| read_count(entry, diagnostics));
    keys.finish(diagnostics);
    Some(RouteLimits {
        body,
        requests_per_minute: requests,
    })
}

fn read_size(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<ByteSize> {
    let text = diagnostics.accept(entry.expect_string())?;
    diagnostics.accept(text.parse().map_err(|_| {
        let message = format!("{} is not a size", quoted(text));
        Diagnostic::error("bad-size", message)
            .at(&entry.node.span)
            .help("write a number and a unit: 512k, 64m, 4g")
    }))
}

fn read_count(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<u32> {
    let number = diagnostics.accept(entry.expect_integer())?;
    let count = u32::try_from(number).ok().filter(|count| *count != 0);
    diagnostics.accept(count.ok_or_else(|| {
        let message = format!("{number} is not a number of requests");
        Diagnostic::error("bad-number", message)
            .at(&entry.node.span)
            .help("write a whole number above 0")
    }))
}
