//! What is known of a provider: what its settings say, and what it says of itself, which is fetched and kept a while.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Result, codes};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::wire::Wire;

/// The longest name of a provider.
const NAME_CHARS_MAX: usize = 64;
/// How long what a provider said of itself is believed.
const AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// A key that is not known makes us ask again, but not more often than this.
const AGE_MIN: Duration = Duration::from_secs(60);
/// How old the word of a provider may be, and how far its clock may be ahead of ours.
const ISSUED_WITHIN: Duration = Duration::from_secs(10 * 60);
const CLOCKS_OFF: Duration = Duration::from_secs(60);

/// The signatures that are believed. Neither `none` nor one with a shared secret is among them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A provider at which people can sign in.
#[derive(Clone)]
pub struct Provider {
    /// What it is called in addresses and tables: `google`, `acme`. It never changes.
    pub name: String,
    /// What people read on the button.
    pub label: String,
    /// Its issuer, which is also where its document is.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// What proves it, unless the provider takes us without.
    pub client_secret: Option<Zeroizing<String>>,
    /// What is asked for besides `openid`: `email`, `profile`.
    pub scopes: Vec<String>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whether the provider says in each answer who it is (RFC 9207).
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SaysIssuer {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for SaysIssuer {}

type Metadata = ProviderMetadata<
    SaysIssuer,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a provider says of itself, with the time when it said it.
#[derive(Clone)]
struct Said {
    metadata: Arc<Metadata>,
    heard_at: Duration,
}

/// The secrets of one sign-in, which only we can make again from its state.
pub(crate) struct Proofs {
    pub(crate) state: String,
    pub(crate) verifier: String,
    pub(crate) nonce: String,
}

/// What came back through the browser.
pub(crate) struct CameBack<'a> {
    pub(crate) code: &'a str,
    pub(crate) issuer: Option<&'a str>,
}

/// Who a provider says that somebody is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Only an address that the provider has proven.
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
}

/// A provider with what is remembered of it.
pub(crate) struct Live {
    pub(crate) settings: Provider,
    redirect: RedirectUrl,
    issuer: IssuerUrl,
    wire: Wire,
    clock: Clock,
    /// Held while it is asked, so that many who sign in at once ask once.
    said: Mutex<Option<Said>>,
}

impl Live {
    /// A provider that sends browsers back to this address.
    ///
    /// # Errors
    /// Its settings hold something that is no address, or one that must not be called.
    pub(crate) fn new(
        settings: Provider,
        redirect: &str,
        wire: &Wire,
        clock: &Clock,
    ) -> Result<Self> {
        let wrong = |said: &'static str| Error::invalid(codes::LINE_MALFORMED, said);
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let (name, fits) = (&settings.name, 1..=NAME_CHARS_MAX);
        if !fits.contains(&name.len()) || !name.bytes().all(is_letter) {
            return Err(wrong(
                "the name of a provider has small letters, digits and hyphens",
            ));
        }
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| wrong("the public address is none").caused_by(error))?;
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| wrong("the issuer of a provider is no address").caused_by(error))?;
        let address = settings.issuer.parse().ok();
        if !address.is_some_and(|address| wire.may_call(&address)) {
            return Err(wrong(
                "the issuer of a provider must be an address with https",
            ));
        }
        Ok(Live {
            settings,
            redirect,
            issuer,
            wire: wire.clone(),
            clock: clock.clone(),
            said: Mutex::new(None),
        })
    }

    /// Where the browser goes to sign in.
    pub(crate) async fn begin(&self, proofs: &Proofs) -> Result<String> {
        let said = self.said(AGE_MAX).await?;
        let client = self.client(&said.metadata);
        let verifier = PkceCodeVerifier::new(proofs.verifier.clone());
        let (state, nonce) = (proofs.state.clone(), proofs.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (address, _, _) = request.url();
        Ok(address.into())
    }

    /// Who has come back: exchanges the code and proves what the provider says.
    pub(crate) async fn finish(&self, back: &CameBack<'_>, proofs: &Proofs) -> Result<Known> {
        let said = self.said(AGE_MAX).await?;
        // Before the code is shown to anybody: it may have been given out by somebody else.
        self.check_issuer(&said.metadata, back.issuer)?;
        let client = self.client(&said.metadata);
        let token = client
            .exchange_code(AuthorizationCode::new(back.code.to_owned()))
            .map_err(|error| refused("the provider exchanges no codes").caused_by(error))?
            .set_pkce_verifier(PkceCodeVerifier::new(proofs.verifier.clone()))
            .request_async(&self.wire)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => error,
                other => refused("the provider does not take the code").caused_by(told(&other)),
            })?;
        let id_token = token
            .id_token()
            .ok_or_else(|| refused("the provider does not say who it is"))?;
        match self.prove(&client, id_token, proofs) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // Its keys were changed since we asked.
                let said = self.said(AGE_MIN).await?;
                self.prove(&self.client(&said.metadata), id_token, proofs)
            }
            proven => proven,
        }
        .map_err(|error| refused("the word of the provider is not good").caused_by(error))
    }

    /// RFC 9207: an answer that another provider gave is not taken to this one.
    fn check_issuer(&self, metadata: &Metadata, given: Option<&str>) -> Result<()> {
        let must = metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported;
        match given {
            Some(given) if given == self.settings.issuer => Ok(()),
            None if !must => Ok(()),
            _ => Err(refused("the answer is of another provider")),
        }
    }

    fn prove(
        &self,
        client: &Client,
        id_token: &CoreIdToken,
        proofs: &Proofs,
    ) -> Result<Known, ClaimsVerificationError> {
        let micros = u64::try_from(self.clock.now().as_micros()).unwrap_or_default();
        let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now.into())
            .set_issue_time_verifier_fn(move |issued| {
                let issued = std::time::SystemTime::from(issued);
                let is_recent = issued + ISSUED_WITHIN >= now && issued <= now + CLOCKS_OFF;
                is_recent
                    .then_some(())
                    .ok_or_else(|| "issued too long ago, or in the future".to_owned())
            });
        let claims = id_token.claims(&verifier, &Nonce::new(proofs.nonce.clone()))?;
        let email = claims
            .email()
            .filter(|_| claims.email_verified() == Some(true));
        let name = claims.name().and_then(|names| {
            names
                .get(None)
                .or(names.iter().next().map(|(_, name)| name))
        });
        Ok(Known {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: email.map(|email| email.to_string()),
            name: name.map(|name| name.to_string()),
        })
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let secret = self.settings.client_secret.as_ref();
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |wanted| methods.is_none_or(|methods| methods.contains(&wanted));
        let way = match takes(CoreClientAuthMethod::ClientSecretBasic) {
            true => AuthType::BasicAuth,
            false => AuthType::RequestBody,
        };
        CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.to_string())),
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(way)
    }

    /// What the provider says of itself, not older than this.
    async fn said(&self, age_max: Duration) -> Result<Said> {
        let mut held = self.said.lock().await;
        let now = self.clock.elapsed();
        if let Some(said) = held
            .as_ref()
            .filter(|said| now.saturating_sub(said.heard_at) < age_max)
        {
            return Ok(said.clone());
        }
        let metadata = Metadata::discover_async(self.issuer.clone(), &self.wire).await;
        let metadata = metadata.map_err(|error| {
            Error::unavailable(codes::UNAVAILABLE, "a provider does not say who it is")
                .caused_by(told(&error))
        })?;
        let said = Said {
            metadata: Arc::new(metadata),
            heard_at: now,
        };
        *held = Some(said.clone());
        Ok(said)
    }
}

/// An error with its causes as one text, without the body of an answer, which may hold tokens.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[track_caller]
fn refused(said: &'static str) -> Error {
    Error::forbidden(codes::SIGN_IN_REFUSED, said)
}
