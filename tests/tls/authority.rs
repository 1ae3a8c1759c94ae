//! Certificates of every kind, right and wrong, made anew for each run.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};

/// A certificate with those that lead to its authority, and its key: what one side of a handshake shows.
#[derive(Clone)]
pub struct Shown {
    pub chain: Vec<X509>,
    pub key: PKey<Private>,
}

impl Shown {
    pub fn pem(&self) -> String {
        self.chain.iter().map(|one| String::from_utf8(one.to_pem().unwrap()).unwrap()).collect()
    }

    pub fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    /// Followed by another one, which it leaves to the client otherwise.
    pub fn with(mut self, authority: &Authority) -> Shown {
        self.chain.push(authority.certificate());
        self
    }
}

/// What a good server's certificate says.
pub fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "a server");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    params
}

pub fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub fn self_signed(params: &CertificateParams) -> Shown {
    let key = KeyPair::generate().unwrap();
    shown(params.self_signed(&key).unwrap().der(), &key)
}

fn shown(der: &[u8], key: &KeyPair) -> Shown {
    let key = PKey::private_key_from_der(&key.serialize_der()).unwrap();
    Shown { chain: vec![X509::from_der(der).unwrap()], key }
}

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2099, 1, 1);
        params
    }

    pub fn root(name: &str) -> Authority {
        Authority(CertifiedIssuer::self_signed(Authority::params(name), KeyPair::generate().unwrap()).unwrap())
    }

    pub fn below(&self, mut params: CertificateParams) -> Authority {
        params.use_authority_key_identifier_extension = true;
        Authority(CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.0).unwrap())
    }

    pub fn certificate(&self) -> X509 {
        X509::from_der(self.0.der()).unwrap()
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn issue(&self, params: &CertificateParams) -> Shown {
        let key = KeyPair::generate().unwrap();
        shown(params.signed_by(&key, &self.0).unwrap().der(), &key)
    }

    /// A client's certificate.
    pub fn issue_to_client(&self) -> Shown {
        let mut params = leaf(&["client.test"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    /// With an RSA key of that many bits, and signed over that digest: what rcgen will not make.
    pub fn issue_rsa(&self, name: &str, bits: u32, digest: MessageDigest) -> Shown {
        let own = self.certificate();
        let signer = PKey::private_key_from_der(&self.0.key().serialize_der()).unwrap();
        let key = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
        let mut subject = X509NameBuilder::new().unwrap();
        subject.append_entry_by_text("CN", "a server").unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_serial_number(&BigNum::from_u32(77).unwrap().to_asn1_integer().unwrap()).unwrap();
        builder.set_subject_name(&subject.build()).unwrap();
        builder.set_issuer_name(own.subject_name()).unwrap();
        builder.set_not_before(&Asn1Time::from_str("20200101000000Z").unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_str("20990101000000Z").unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        let names = SubjectAlternativeName::new().dns(name).build(&builder.x509v3_context(Some(&own), None)).unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&signer, digest).unwrap();
        Shown { chain: vec![builder.build()], key }
    }

    /// A revocation list that is current until the year says, with these serial numbers.
    pub fn revokes(&self, serials: &[u64], until: i32) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }
}
