//! Which names a certificate is for.

use super::{HOST, Maker, usual};
use crate::Expected::{Connects, ConnectsUnverified, Fails};
use crate::authority::{Authority, dns, leaf, self_signed};
use crate::client::Options;
use http_sentinel::ffi::tls::HS_TLS_INSECURE_SKIP_HOSTNAME;
use http_sentinel::ffi::version::HS_TLS_1_3;
use http_sentinel::status::*;
use rcgen::{CertificateParams, DnType};

pub fn add(maker: &mut Maker) {
    for (names, host, fits) in [
        (&["www.example.test"][..], "www.example.test", true),
        (&["www.example.test"], "WWW.Example.Test", true),
        (&["WWW.EXAMPLE.TEST"], "www.example.test", true),
        (&["www.example.test"], "www.example.test.", true),
        (&["a.test", "b.test", "www.example.test"], "www.example.test", true),
        (&["www.example.test"], "example.test", false),
        (&["example.test"], "www.example.test", false),
        (&["www.example.test"], "www.example.test.evil.test", false),
        (&["*.example.test"], "www.example.test", true),
        (&["*.example.test"], "a.b.example.test", false),
        (&["*.example.test"], "example.test", false),
        (&["*.*.test"], "www.example.test", false),
        (&["www.*.test"], "www.example.test", false),
        (&["w*.example.test"], "www.example.test", false),
        (&["*w.example.test"], "www.example.test", false),
        (&["w*w.example.test"], "www.example.test", false),
        (&["*.test"], "example.test", false),
        (&["*"], "www.example.test", false),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["*.example.test"], "w_w.example.test", true),
        (&["127.0.0.2"], "127.0.0.1", false),
        (&["localhost"], "127.0.0.1", false),
        (&["127.0.0.1"], "localhost", false),
        (&["*.0.0.1"], "127.0.0.1", false),
    ] {
        let shown = maker.root.issue(&leaf(names));
        let expected = if fits { Connects(HS_TLS_1_3) } else { Fails(HS_ERR_TLS_HOSTNAME) };
        let options = maker.options();
        maker.add(&format!("{names:?} for {host}"), usual(&shown), host, options, expected);
    }
    special(maker);
}

/// A certificate with this common name.
fn called(name: &str, names: CertificateParams) -> CertificateParams {
    let mut params = names;
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn special(maker: &mut Maker) {
    let options = maker.options();
    let mut add = |name: &str, params: &CertificateParams, host: &str, expected| {
        let shown = maker.root.issue(params);
        maker.add(name, usual(&shown), host, options.clone(), expected);
    };
    let mut params = leaf(&[]);
    params.subject_alt_names = vec![dns("127.0.0.1")];
    add("an address as a DNS name", &params, "127.0.0.1", Fails(HS_ERR_TLS_HOSTNAME));
    let mut params = leaf(&[]);
    params.subject_alt_names = vec![dns("www.example.test\0.evil.test")];
    add("a name with a NUL", &params, HOST, Fails(HS_ERR_TLS_HOSTNAME));
    let params = called(HOST, leaf(&["other.test"]));
    add("the common name besides other names", &params, HOST, Fails(HS_ERR_TLS_HOSTNAME));
    add("the common name alone", &called(HOST, leaf(&[])), HOST, Fails(HS_ERR_TLS_HOSTNAME));
    add("no name at all", &leaf(&[]), HOST, Fails(HS_ERR_TLS_HOSTNAME));

    let other = maker.root.issue(&leaf(&["other.test"]));
    let options = Options { flags: HS_TLS_INSECURE_SKIP_HOSTNAME, ..maker.options() };
    maker.show_to("another host, but names are not compared", &other, options.clone(), ConnectsUnverified(HS_TLS_1_3));
    let unknown = Authority::root("A stranger").issue(&leaf(&[HOST]));
    maker.show_to("names are not compared, authorities are", &unknown, options.clone(), Fails(HS_ERR_TLS_UNTRUSTED));
    let alone = self_signed(&leaf(&[HOST]));
    maker.show_to("names are not compared, self-signed", &alone, options, Fails(HS_ERR_TLS_SELF_SIGNED));
    let named = |name: &str| Options { server_name: name.into(), ..maker.options() };
    let (expected, unexpected) = (named("other.test"), named("www.example.test"));
    let (wild, deep) = (named("a.wild.test"), named("a.b.wild.test"));
    maker.show_to("another name is expected and shown", &other, expected, Connects(HS_TLS_1_3));
    maker.show_to("another name is shown than expected", &other, unexpected, Fails(HS_ERR_TLS_HOSTNAME));
    let shown = maker.root.issue(&leaf(&["*.wild.test"]));
    maker.show_to("an expected name under a wildcard", &shown, wild, Connects(HS_TLS_1_3));
    maker.show_to("an expected name two under a wildcard", &shown, deep, Fails(HS_ERR_TLS_HOSTNAME));
    let options = Options { server_name: HOST.into(), ..maker.options() };
    let shown = maker.root.issue(&called(HOST, leaf(&[])));
    maker.show_to("an expected name as the common name alone", &shown, options, Fails(HS_ERR_TLS_HOSTNAME));
}
