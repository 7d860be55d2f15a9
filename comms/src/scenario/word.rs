//! Enums that a scenario writes as a word: the words, and the way there and back.

use thiserror::Error;

/// Why a text is none of the words that a key accepts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is none of {}", accepted.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))]
pub struct InvalidWord {
    /// The refused text.
    pub text: String,
    /// The words that would be right.
    pub accepted: &'static [&'static str],
}

/// Declares an enum whose variants are words, with `WORDS`, `as_str`, `Display` and `FromStr`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value, as a scenario writes it.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The value as a scenario writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::scenario::InvalidWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::scenario::InvalidWord { text: text.to_owned(), accepted: Self::WORDS }),
                }
            }
        }
    };
}

pub(super) use words;
