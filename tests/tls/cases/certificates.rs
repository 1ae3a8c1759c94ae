//! What is wrong with a server's certificate, or with those above it.

use super::{HOST, Maker, usual};
use crate::Expected::{Connects, ConnectsUnverified, Fails, NoWorker};
use crate::authority::{Authority, leaf, self_signed};
use crate::client::Options;
use http_sentinel::ffi::tls::{HS_TLS_ADD_CA, HS_TLS_INSECURE_SKIP_VERIFY};
use http_sentinel::ffi::version::HS_TLS_1_3;
use http_sentinel::status::*;
use openssl::hash::MessageDigest;
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints, SerialNumber, date_time_ymd,
};
use std::path::Path;

pub fn add(maker: &mut Maker, folder: &Path) {
    let good = maker.good();
    maker.show("a good certificate", &good, Connects(HS_TLS_1_3));
    times(maker);
    authorities(maker);
    folders(maker, folder);
    keys(maker);
    revocation(maker);
    pins(maker);
}

fn times(maker: &mut Maker) {
    let mut expired = leaf(&[HOST]);
    expired.not_after = date_time_ymd(2020, 2, 1);
    let expired = maker.root.issue(&expired);
    maker.show("expired", &expired, Fails(HS_ERR_TLS_EXPIRED));
    let options = Options { flags: HS_TLS_INSECURE_SKIP_VERIFY, ..maker.options() };
    maker.show_to("expired, but nothing is checked", &expired, options, ConnectsUnverified(HS_TLS_1_3));
    let mut early = leaf(&[HOST]);
    early.not_before = date_time_ymd(2098, 1, 1);
    let early = maker.root.issue(&early);
    maker.show("not yet valid", &early, Fails(HS_ERR_TLS_NOT_YET_VALID));
    let mut params = Authority::params("An old authority");
    params.not_after = date_time_ymd(2020, 2, 1);
    let old = maker.root.below(params);
    maker.show(
        "an authority between that has expired",
        &old.issue(&leaf(&[HOST])).with(&old),
        Fails(HS_ERR_TLS_EXPIRED),
    );
}

fn authorities(maker: &mut Maker) {
    let stranger = Authority::root("An authority that nobody knows");
    let unknown = stranger.issue(&leaf(&[HOST]));
    maker.show("of an unknown authority", &unknown, Fails(HS_ERR_TLS_UNTRUSTED));
    maker.show(
        "of an unknown authority that comes along",
        &unknown.clone().with(&stranger),
        Fails(HS_ERR_TLS_UNTRUSTED),
    );
    let namesake = Authority::root("The test's authority").issue(&leaf(&[HOST]));
    maker.show("of a namesake of the authority", &namesake, Fails(HS_ERR_TLS_UNTRUSTED));
    maker.show("self-signed", &self_signed(&leaf(&[HOST])), Fails(HS_ERR_TLS_SELF_SIGNED));
    let trusted = self_signed(&leaf(&[HOST]));
    let options = Options { ca_pem: trusted.pem(), ..Options::default() };
    maker.show_to("self-signed and trusted", &trusted, options, Connects(HS_TLS_1_3));
    let good = maker.good();
    maker.show_to("the system's authorities alone", &good, Options::default(), Fails(HS_ERR_TLS_UNTRUSTED));
    let options = Options { flags: HS_TLS_ADD_CA, ..maker.options() };
    maker.show_to("the authority besides the system's", &good, options, Connects(HS_TLS_1_3));
    let options = Options { ca_pem: format!("{}{}", stranger.pem(), maker.root.pem()), ..Options::default() };
    maker.show_to("two authorities, the second is right", &good, options, Connects(HS_TLS_1_3));

    let between = maker.root.below(Authority::params("An authority between"));
    let below = between.issue(&leaf(&[HOST]));
    maker.show("the authority between is missing", &below, Fails(HS_ERR_TLS_UNTRUSTED));
    maker.show("the authority between comes along", &below.clone().with(&between), Connects(HS_TLS_1_3));
    let options = Options { ca_pem: format!("{}{}", between.pem(), maker.root.pem()), ..Options::default() };
    maker.show_to("the client has the authority between", &below, options, Connects(HS_TLS_1_3));
    let second = between.below(Authority::params("A second one between"));
    let deep = second.issue(&leaf(&[HOST]));
    maker.show("two between", &deep.clone().with(&second).with(&between), Connects(HS_TLS_1_3));
    maker.show("two between in the wrong order", &deep.clone().with(&between).with(&second), Connects(HS_TLS_1_3));
    maker.show("two between, one missing", &deep.with(&second), Fails(HS_ERR_TLS_UNTRUSTED));

    let mut params = Authority::params("An authority for servers alone");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let last = maker.root.below(params);
    let too_deep = last.below(Authority::params("One below it"));
    let shown = too_deep.issue(&leaf(&[HOST])).with(&too_deep).with(&last);
    maker.show("an authority below one that may have none", &shown, Fails(HS_ERR_TLS_CERTIFICATE));
    let mut params = Authority::params("No authority");
    params.is_ca = IsCa::ExplicitNoCa;
    let none = maker.root.below(params);
    maker.show(
        "signed by what is no authority",
        &none.issue(&leaf(&[HOST])).with(&none),
        Fails(HS_ERR_TLS_CERTIFICATE),
    );
    let mut params = Authority::params("An authority for other names");
    let other = vec![GeneralSubtree::DnsName("other.test".into())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees: other, excluded_subtrees: Vec::new() });
    let other = maker.root.below(params);
    let shown = other.issue(&leaf(&[HOST])).with(&other);
    maker.show("of an authority for other names", &shown, Fails(HS_ERR_TLS_CERTIFICATE));
    let mut params = leaf(&[HOST]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = maker.root.issue(&params);
    maker.show("for clients", &client, Fails(HS_ERR_TLS_CERTIFICATE));
}

fn folders(maker: &mut Maker, folder: &Path) {
    let path = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let (full, other, empty) = (path("full"), path("other"), path("empty"));
    std::fs::write(full.join("stranger.pem"), Authority::root("A stranger").pem()).unwrap();
    std::fs::write(full.join("root.pem"), maker.root.pem()).unwrap();
    std::fs::write(other.join("stranger.pem"), Authority::root("A stranger").pem()).unwrap();
    let good = maker.good();
    let of = |path: &Path| Options { ca_dir: path.to_str().unwrap().to_owned(), ..Options::default() };
    maker.show_to("a folder with the authority", &good, of(&full), Connects(HS_TLS_1_3));
    maker.show_to("a folder with another authority", &good, of(&other), Fails(HS_ERR_TLS_UNTRUSTED));
    maker.show_to("a folder with nothing", &good, of(&empty), NoWorker(HS_ERR_CA_STORE));
    maker.show_to("a folder that is not there", &good, of(&folder.join("none")), NoWorker(HS_ERR_CA_STORE));
}

fn keys(maker: &mut Maker) {
    let rsa = |maker: &Maker, bits, digest| maker.root.issue_rsa(HOST, bits, digest);
    let shown = rsa(maker, 2048, MessageDigest::sha256());
    maker.show("an RSA key of 2048 bits", &shown, Connects(HS_TLS_1_3));
    let shown = rsa(maker, 1024, MessageDigest::sha256());
    maker.show("an RSA key of 1024 bits", &shown, Fails(HS_ERR_TLS_WEAK_KEY));
    let options = Options { flags: HS_TLS_INSECURE_SKIP_VERIFY, ..maker.options() };
    maker.show_to("an RSA key of 1024 bits, unchecked", &shown, options, ConnectsUnverified(HS_TLS_1_3));
    let shown = rsa(maker, 2048, MessageDigest::sha1());
    maker.show("signed over SHA-1", &shown, Fails(HS_ERR_TLS_WEAK_KEY));
}

fn revocation(maker: &mut Maker) {
    let mut params = leaf(&[HOST]);
    params.serial_number = Some(SerialNumber::from(4711));
    let shown = maker.root.issue(&params);
    let with = |maker: &Maker, crl_pem| Options { crl_pem, ..maker.options() };
    let options = with(maker, maker.root.revokes(&[4711], 2099));
    maker.show_to("revoked", &shown, options, Fails(HS_ERR_TLS_REVOKED));
    let options = with(maker, maker.root.revokes(&[4712, 1], 2099));
    maker.show_to("others are revoked", &shown, options, Connects(HS_TLS_1_3));
    let options = with(maker, maker.root.revokes(&[], 2021));
    maker.show_to("the revocation list is out of date", &shown, options, Fails(HS_ERR_TLS_CERTIFICATE));
    let options = with(maker, Authority::root("A stranger").revokes(&[], 2099));
    maker.show_to("the revocation list is another authority's", &shown, options, Fails(HS_ERR_TLS_CERTIFICATE));
    let options = with(maker, Authority::root("The test's authority").revokes(&[], 2099));
    maker.show_to("the revocation list is a namesake's", &shown, options, Fails(HS_ERR_TLS_CERTIFICATE));
    let options = with(maker, "no list".into());
    maker.show_to("the revocation list is none", &shown, options, NoWorker(HS_ERR_CA_STORE));
}

fn pins(maker: &mut Maker) {
    let shown = maker.good();
    let pin = |shown: &crate::authority::Shown| {
        let key = shown.chain[0].public_key().unwrap().public_key_to_der().unwrap();
        format!("sha256//{}", openssl::base64::encode_block(&openssl::sha::sha256(&key)))
    };
    let (right, wrong) = (pin(&shown), pin(&maker.good()));
    let with = |maker: &Maker, pins: &[&String]| Options {
        pins: pins.iter().map(|&pin| pin.clone()).collect(),
        ..maker.options()
    };
    let options = with(maker, &[&right]);
    maker.show_to("its pin", &shown, options.clone(), Connects(HS_TLS_1_3));
    maker.add(
        "its pin on another host's certificate",
        usual(&shown),
        "other.example.test",
        options,
        Fails(HS_ERR_TLS_HOSTNAME),
    );
    let options = with(maker, &[&wrong, &right]);
    maker.show_to("its pin among others", &shown, options, Connects(HS_TLS_1_3));
    let options = with(maker, &[&wrong]);
    maker.show_to("another key's pin", &shown, options.clone(), Fails(HS_ERR_TLS_PIN));
    let options = Options { flags: HS_TLS_INSECURE_SKIP_VERIFY, ..options };
    maker.show_to("another key's pin, nothing else is checked", &shown, options, Fails(HS_ERR_TLS_PIN));
    let options = with(maker, &[&"sha256//AAAA".to_owned()]);
    maker.show_to("a pin that is none", &shown, options, NoWorker(HS_ERR_INVALID_ARGUMENT));
}
