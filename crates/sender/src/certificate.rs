//! Reads what an operator wants to know of a certificate. Whether it is trusted is rustls's matter alone.

use forthwith_core::doctor::Certificate;
use jiff::Timestamp;
use std::net::IpAddr;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer as _, X509Certificate},
};

/// Certificates of one chain that are read: real ones have three.
const CHAIN_MAX: usize = 10;
/// Names of one certificate that are read: more are of no use to anybody who looks.
const NAMES_MAX: usize = 100;

/// Reads a chain, its own certificate first; what cannot be read is left out.
pub(crate) fn read_chain(chain: &[impl AsRef<[u8]>]) -> Vec<Certificate> {
    chain.iter().take(CHAIN_MAX).filter_map(|der| read(der.as_ref())).collect()
}

fn read(der: &[u8]) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|names| names.value.general_names.iter().filter_map(name).take(NAMES_MAX).collect());
    Some(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names.unwrap_or_default(),
        valid_until: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_left_out() {
        assert_eq!(read_chain(&[b"".as_slice(), b"\x30\x82\xff\xff", &[0x30; 500]]), []);
    }
}
