//! How is the connection encrypted, and what is checked about the server?

use std::{path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::{UrlError, wrong};

/// The words of libpq's `sslmode`, with its meanings.
#[derive(Debug, Clone)]
pub(super) enum Protection {
    Disable,
    Prefer,
    Require,
    VerifyChain { root_certificate: Option<PathBuf> },
    VerifyFull { root_certificate: Option<PathBuf> },
}

impl Protection {
    /// As libpq spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyChain { .. } => "verify-ca",
            Self::VerifyFull { .. } => "verify-full",
        }
    }

    /// What the server's certificate is checked by, where it is checked; the system's own where nothing else is named.
    pub fn root_certificate(&self) -> Option<PathBuf> {
        const SYSTEM: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
        match self {
            Self::Disable | Self::Prefer | Self::Require => None,
            Self::VerifyChain { root_certificate } | Self::VerifyFull { root_certificate } => root_certificate
                .clone()
                .or_else(|| std::env::var_os("SSL_CERT_FILE").map(PathBuf::from))
                .or_else(|| SYSTEM.into_iter().map(PathBuf::from).find(|path| path.is_file())),
        }
    }

    pub fn ssl_mode(&self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyChain { .. } | Self::VerifyFull { .. } => SslMode::Require,
        }
    }
}

pub(super) fn is_socket_only(config: &Config) -> bool {
    !config.get_hosts().is_empty() && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
}

/// A connector for a connection that never asks for TLS.
pub(super) fn unused() -> MakeRustlsConnect {
    unchecked()
}

pub(super) fn connector(protection: &Protection) -> Result<MakeRustlsConnect, UrlError> {
    match protection {
        Protection::Disable => Ok(unused()),
        Protection::Prefer | Protection::Require => Ok(unchecked()),
        Protection::VerifyChain { root_certificate } => {
            let verifier = Checked { inner: webpki(root_certificate.as_ref())?, name: NameCheck::Skipped };
            Ok(with_verifier(Arc::new(verifier)))
        }
        Protection::VerifyFull { root_certificate } => {
            let verifier = Checked { inner: webpki(root_certificate.as_ref())?, name: NameCheck::Required };
            Ok(with_verifier(Arc::new(verifier)))
        }
    }
}

fn unchecked() -> MakeRustlsConnect {
    with_verifier(Arc::new(Unchecked { provider: Arc::new(ring::default_provider()) }))
}

fn with_verifier(verifier: Arc<dyn ServerCertVerifier>) -> MakeRustlsConnect {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .expect("ring speaks every version this build of rustls does");
    MakeRustlsConnect::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn webpki(root_certificate: Option<&PathBuf>) -> Result<Arc<WebPkiServerVerifier>, UrlError> {
    const ACCEPTED: &str = "sslrootcert= a readable PEM file with at least one certificate";
    const SYSTEM: &str = "sslrootcert= the certificate of the authority that signed the server's, or a system with ca-certificates";
    let mut roots = RootCertStore::empty();
    match root_certificate {
        Some(path) => {
            let unreadable = || wrong(format!("sslrootcert={:?}, which cannot be read", path.display()), ACCEPTED);
            let damaged = || wrong(format!("sslrootcert={:?}, which holds no certificate", path.display()), ACCEPTED);
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
                let certificate = certificate.map_err(|error| match error {
                    pem::Error::Io(_) => unreadable(),
                    _ => damaged(),
                })?;
                roots.add(certificate).map_err(|_| damaged())?;
            }
            if roots.is_empty() {
                return Err(damaged());
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()))
        .build()
        .map_err(|_| wrong("a check of the certificate without any authority to check it by", SYSTEM))
}

/// Checked against roots; whether the name must match too is `verify-full`'s difference from `verify-ca`.
#[derive(Debug)]
struct Checked {
    inner: Arc<WebPkiServerVerifier>,
    name: NameCheck,
}

#[derive(Debug)]
enum NameCheck {
    Required,
    Skipped,
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match (&self.name, verdict) {
            // The chain is judged before the name, so this error means the chain was good.
            (
                NameCheck::Skipped,
                Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })),
            ) => Ok(ServerCertVerified::assertion()),
            (NameCheck::Skipped | NameCheck::Required, verdict) => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// `require`: encrypted, but whoever answers is believed, as with libpq.
#[derive(Debug)]
struct Unchecked {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
