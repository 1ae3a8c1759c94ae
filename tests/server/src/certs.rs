//! The certificates of one server run: an authority of its own, leaves that are right, and leaves that are wrong.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::ring};

const GOOD_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "*.test.internal"];

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// What a TLS port shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Good,
    /// Signed by an authority that no client knows.
    Untrusted,
    Expired,
    NotYetValid,
    /// Valid, but for `other.test`.
    WrongHost,
    SelfSigned,
    /// Good, and demands a client certificate from the same authority.
    ClientDemanded,
}

pub struct Certs {
    authority: Issuer,
    stranger: Issuer,
    leaf_key: KeyPair,
    ticketer: Arc<dyn tokio_rustls::rustls::server::ProducesTickets>,
    pub ca_pem: String,
    /// The authority that no client knows unless it is told.
    pub stranger_ca_pem: String,
    pub client_cert_pem: String,
    pub client_key_pem: String,
}

fn authority(name: &str) -> Result<Issuer, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(names: &[&str], common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 1, 1);
    Ok(params)
}

pub fn tls_error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

impl Certs {
    pub fn generate() -> io::Result<Certs> {
        let build = || -> Result<_, rcgen::Error> {
            let authority = authority("HTTP Sentinel test authority")?;
            let mut client = leaf(&["client.test"], "test client")?;
            client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            let client_key = KeyPair::generate()?;
            let client_cert = client.signed_by(&client_key, &authority)?;
            Ok((authority, client_cert.pem(), client_key.serialize_pem()))
        };
        let (authority, client_cert_pem, client_key_pem) = build().map_err(tls_error)?;
        let stranger = self::authority("An authority nobody knows").map_err(tls_error)?;
        Ok(Certs {
            ca_pem: authority.pem(),
            stranger_ca_pem: stranger.pem(),
            authority,
            stranger,
            leaf_key: KeyPair::generate().map_err(tls_error)?,
            ticketer: ring::Ticketer::new().map_err(tls_error)?,
            client_cert_pem,
            client_key_pem,
        })
    }

    fn chain(&self, identity: Identity) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = leaf(&GOOD_NAMES, "localhost")?;
        match identity {
            Identity::WrongHost => params = leaf(&["other.test"], "other.test")?,
            Identity::Expired => params.not_after = rcgen::date_time_ymd(2020, 2, 1),
            Identity::NotYetValid => params.not_before = rcgen::date_time_ymd(2098, 1, 1),
            Identity::SelfSigned => return Ok(params.self_signed(&self.leaf_key)?.der().clone()),
            Identity::Good | Identity::Untrusted | Identity::ClientDemanded => {}
        }
        let issuer = if identity == Identity::Untrusted { &self.stranger } else { &self.authority };
        Ok(params.signed_by(&self.leaf_key, issuer)?.der().clone())
    }

    /// A good certificate and its key, for another server that is to be trusted as this one.
    pub fn server_pem(&self) -> io::Result<(String, String)> {
        let params = leaf(&GOOD_NAMES, "localhost").map_err(tls_error)?;
        let certificate = params.signed_by(&self.leaf_key, &self.authority).map_err(tls_error)?;
        Ok((certificate.pem(), self.leaf_key.serialize_pem()))
    }

    /// The TLS side of a port. `versions` empty means 1.2 and 1.3.
    pub fn server_config(
        &self,
        identity: Identity,
        alpn: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Arc<ServerConfig>> {
        let provider = Arc::new(ring::default_provider());
        let versions = if versions.is_empty() { &[&TLS12, &TLS13] } else { versions };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(tls_error)?;
        let builder = if identity == Identity::ClientDemanded {
            let mut roots = RootCertStore::empty();
            roots.add(self.authority.der().clone()).map_err(tls_error)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(tls_error)?)
        } else {
            builder.with_no_client_auth()
        };
        let chain = vec![self.chain(identity).map_err(tls_error)?];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = builder.with_single_cert(chain, key).map_err(tls_error)?;
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.ticketer = self.ticketer.clone();
        Ok(Arc::new(config))
    }
}
