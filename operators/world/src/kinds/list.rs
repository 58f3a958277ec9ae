//! Code generated from the list of kinds.
//!
//! In: `Kind => module` for each kind. Its module has `API`, its API names, and a type of the kind's name that is
//! [`Watched`](super::Watched). Out: [`Kind`](super::Kind), the store of each kind, and the dispatch from a value of
//! `Kind` to its type.

/// Generates the list.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $name:ident => $module:ident,)+) => {
        /// A watched kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])+ $name,)+
            /// A kind of custom resource that Trimtab is configured to size.
            Custom(trimtab_core::CustomKind),
        }

        impl Kind {
            /// The kinds that are watched in every cluster.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            /// Its API names.
            pub(crate) fn api(self) -> kind::Api {
                match self {
                    $(Self::$name => $module::API,)+
                    Self::Custom(kind) => custom::api(kind),
                }
            }

            /// The operations on its objects.
            pub(crate) fn descriptor(self) -> &'static descriptor::Descriptor {
                match self {
                    $(Self::$name => const { &descriptor::Descriptor::of::<$module::$name>() },)+
                    Self::Custom(_) => const { &descriptor::Descriptor::of::<custom::Custom>() },
                }
            }
        }

        /// The store of each kind.
        #[derive(Debug, Default)]
        pub(crate) struct Stores {
            $(pub(crate) $module: <$module::$name as Watched>::Store,)+
        }

        $(impl Holds<$module::$name> for Stores {
            fn store(&self) -> &<$module::$name as Watched>::Store {
                &self.$module
            }

            fn store_mut(&mut self) -> &mut <$module::$name as Watched>::Store {
                &mut self.$module
            }
        })+
    };
}

pub(super) use kinds;
