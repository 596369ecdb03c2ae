//! What a token's `authorization_details` grant (RFC 9396).

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, MapAccess};
use serde_json::value::RawValue;

use crate::jose::json::{Members, Text, TextArray, read_object, take};

/// What the `authorization_details` of a token grant at this resource server (RFC 9396 §9).
///
/// Elements that grant nothing here are left out:
///
/// * `locations` are given and none is this resource or below it (RFC 9396 §2.2);
/// * `actions` are given and empty, or nothing but `*`: what a wildcard means, no specification says;
/// * one of the common data fields of RFC 9396 §2.2 has another type than it has there.
///
/// Numbers are not interpreted. An amount of money read as `f64` is not exact: let the type that an element is
/// [deserialised](AuthorizationDetail::deserialize) to have a string or a decimal number there.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationDetails {
    elements: Vec<AuthorizationDetail>,
}

/// One element of `authorization_details`, with the common data fields of RFC 9396 §2.2.
#[derive(Clone)]
pub struct AuthorizationDetail {
    kind: Box<str>,
    fields: Fields,
    json: Box<RawValue>,
}

/// A type of authorization details (RFC 9396 §2), as an application reads it.
///
/// Members that `T` does not have are ignored, so it must have all that restrict what is granted.
/// An amount of money that is read as `f64` is not the amount that was granted. Let it be text, or a decimal number:
///
/// ```
/// use fapi_core::{AuthorizationDetails, DetailType};
///
/// #[derive(serde::Deserialize)]
/// struct PaymentInitiation {
///     amount: Cents,
///     creditor: String,
/// }
///
/// impl DetailType for PaymentInitiation {
///     const TYPE: &'static str = "payment_initiation";
/// }
///
/// /// From a string such as `"12.30"`. All else is no amount, and its element grants nothing.
/// #[derive(Debug, PartialEq, serde::Deserialize)]
/// #[serde(try_from = "String")]
/// struct Cents(u64);
///
/// impl TryFrom<String> for Cents {
///     type Error = &'static str;
///
///     fn try_from(text: String) -> Result<Self, Self::Error> {
///         let (units, cents) = text.split_once('.').ok_or("two decimals, please")?;
///         let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
///         if !digits(units) || !digits(cents) || cents.len() != 2 {
///             return Err("not a decimal number");
///         }
///         let amount = format!("{units}{cents}").parse().map_err(|_| "too much")?;
///         Ok(Self(amount))
///     }
/// }
///
/// # fn main() -> Result<(), fapi_core::MalformedAuthorizationDetails> {
/// let claims = r#"{ "authorization_details": [
///     { "type": "payment_initiation", "amount": "12.30", "creditor": "Merchant" },
///     { "type": "payment_initiation", "amount": 12.3, "creditor": "Merchant" }
/// ] }"#;
/// let granted = AuthorizationDetails::read(claims, "https://api.example.com")?;
/// let [payment] = &Vec::from_iter(granted.typed::<PaymentInitiation>())[..] else {
///     panic!("the second one has no amount that could be granted");
/// };
/// assert_eq!(payment.amount, Cents(1230));
/// # Ok(())
/// # }
/// ```
pub trait DetailType: DeserializeOwned {
    /// The value of `type`, compared exactly.
    const TYPE: &'static str;
}

/// `authorization_details` is no array of objects that each have a `type` (RFC 9396 §2), or a member stands twice.
/// Nothing of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedAuthorizationDetails;

impl AuthorizationDetails {
    /// Reads the claims of a token, or an introspection response (RFC 9396 §9.1, §9.2), for the resource server with
    /// this resource identifier. Without the member nothing is granted.
    ///
    /// # Errors
    /// The member is malformed, or the claims are.
    pub fn read(claims: &str, resource: &str) -> Result<Self, MalformedAuthorizationDetails> {
        let mut claim = Claim::default();
        read_object(claims.as_bytes(), &mut claim).map_err(|_| MalformedAuthorizationDetails)?;
        let Some(claim) = claim.0 else {
            return Ok(Self::default());
        };
        let elements: Vec<&RawValue> =
            serde_json::from_str(claim.get()).map_err(|_| MalformedAuthorizationDetails)?;
        let mut granted = Vec::new();
        for json in elements {
            if let Some(element) =
                AuthorizationDetail::read(json)?.filter(|one| one.grants_at(resource))
            {
                granted.push(element);
            }
        }
        Ok(Self { elements: granted })
    }

    /// All elements, in the issuer's order.
    pub fn iter(&self) -> impl Iterator<Item = &AuthorizationDetail> {
        self.elements.iter()
    }

    /// The elements of this type, compared exactly, in the issuer's order. Each grants what it says and no more: members
    /// of two elements do not add up (RFC 9396 §2).
    pub fn of_type<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a AuthorizationDetail> {
        self.iter().filter(move |element| *element.kind == *name)
    }

    /// The elements of the type that `T` names, in the issuer's order. One that does not have the form of `T` grants
    /// nothing and is left out.
    pub fn typed<T: DetailType>(&self) -> impl Iterator<Item = T> {
        self.of_type(T::TYPE)
            .filter_map(|element| element.deserialize().ok())
    }
}

impl AuthorizationDetail {
    /// `type`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.kind
    }

    /// `locations`: where it may be used, at least one of them this resource or below it. `None`: not said.
    #[must_use]
    pub fn locations(&self) -> Option<&[Box<str>]> {
        self.fields.locations.as_deref()
    }

    /// `actions`, as the issuer wrote them. `None`: not said. See [`allows_action`](Self::allows_action).
    #[must_use]
    pub fn actions(&self) -> Option<&[Box<str>]> {
        self.fields.actions.as_deref()
    }

    /// `datatypes`: kinds of data. `None`: not said.
    #[must_use]
    pub fn datatypes(&self) -> Option<&[Box<str>]> {
        self.fields.datatypes.as_deref()
    }

    /// `privileges`: levels of privilege. `None`: not said.
    #[must_use]
    pub fn privileges(&self) -> Option<&[Box<str>]> {
        self.fields.privileges.as_deref()
    }

    /// `identifier`: a specific resource. `None`: not said.
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        self.fields.identifier.as_deref()
    }

    /// Whether `actions` has exactly this one. Neither a wildcard nor missing `actions` allow any.
    #[must_use]
    pub fn allows_action(&self, action: &str) -> bool {
        let actions = self.actions().unwrap_or_default();
        action != WILDCARD && actions.iter().any(|allowed| **allowed == *action)
    }

    /// The whole element as the issuer wrote it: one JSON object.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// The whole element as any type that deserialises from it. No member stands in it twice.
    ///
    /// # Errors
    /// The element is not of the form that `T` wants.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json.get())
    }

    /// `None`: a common field has the wrong type.
    fn read(json: &RawValue) -> Result<Option<Self>, MalformedAuthorizationDetails> {
        let mut raw = RawElement::default();
        read_object(json.get().as_bytes(), &mut raw).map_err(|_| MalformedAuthorizationDetails)?;
        let Some(Text(kind)) = raw.kind else {
            return Err(MalformedAuthorizationDetails);
        };
        let fields = match raw.form {
            Form::AsSpecified => raw.fields,
            Form::Other => return Ok(None),
        };
        Ok(Some(Self {
            kind: kind.into(),
            fields,
            json: json.to_owned(),
        }))
    }

    fn grants_at(&self, resource: &str) -> bool {
        let here = |locations: &[Box<str>]| locations.iter().any(|one| is_within(one, resource));
        let something = |actions: &[Box<str>]| actions.iter().any(|one| **one != *WILDCARD);
        self.locations().is_none_or(here) && self.actions().is_none_or(something)
    }
}

impl fmt::Debug for AuthorizationDetail {
    /// Leaves out the content: it may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationDetail")
            .field("type", &self.kind)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for MalformedAuthorizationDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token's authorization_details are malformed")
    }
}

impl std::error::Error for MalformedAuthorizationDetails {}

const WILDCARD: &str = "*";

/// Whether a location is the resource or below it; compared as text, but for a slash at the end.
fn is_within(location: &str, resource: &str) -> bool {
    let resource = resource.strip_suffix('/').unwrap_or(resource);
    location
        .strip_prefix(resource)
        .is_some_and(|below| below.is_empty() || below.starts_with(['/', '?']))
}

/// The claims, of which one is looked at.
#[derive(Default)]
struct Claim<'de>(Option<&'de RawValue>);

impl<'de> Members<'de> for Claim<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "authorization_details" => take(&mut self.0, map),
            _ => Ok(None),
        }
    }
}

#[derive(Default)]
struct RawElement<'de> {
    kind: Option<Text<'de>>,
    fields: Fields,
    form: Form,
}

/// The common data fields (RFC 9396 §2.2).
#[derive(Clone, Default)]
struct Fields {
    locations: Option<Box<[Box<str>]>>,
    actions: Option<Box<[Box<str>]>>,
    datatypes: Option<Box<[Box<str>]>>,
    privileges: Option<Box<[Box<str>]>>,
    identifier: Option<Box<str>>,
}

/// Whether the common data fields have their types.
#[derive(Default)]
enum Form {
    #[default]
    AsSpecified,
    Other,
}

impl<'de> Members<'de> for RawElement<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        let list = match name {
            "type" => return take(&mut self.kind, map),
            "identifier" => {
                match serde_json::from_str(map.next_value::<&RawValue>()?.get()) {
                    Ok(Text(identifier)) => self.fields.identifier = Some(identifier.into()),
                    Err(_) => self.form = Form::Other,
                }
                return Ok(Some(()));
            }
            "locations" => &mut self.fields.locations,
            "actions" => &mut self.fields.actions,
            "datatypes" => &mut self.fields.datatypes,
            "privileges" => &mut self.fields.privileges,
            _ => return Ok(None),
        };
        match serde_json::from_str(map.next_value::<&RawValue>()?.get()) {
            Ok(TextArray(texts)) => *list = Some(texts.into_iter().map(Into::into).collect()),
            Err(_) => self.form = Form::Other,
        }
        Ok(Some(()))
    }
}
