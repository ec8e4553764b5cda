"""What is said about encryption keys and the master key that keeps them."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "master-key-missing": _(
        "The master key number %(version)s (fingerprint %(fingerprint)s), which keeps the encryption keys, is not "
        "at hand. Nothing is lost yet: the operator must put it back into the setting IMS_MASTER_KEY or the file "
        "master_key of the data folder."
    ),
    "master-key-setting-bad": _(
        "The setting IMS_MASTER_KEY or IMS_MASTER_KEY_OLD is not a master key, so encryption keys cannot be used. "
        "The operator must correct it: 32 bytes in base64, as “openssl rand -base64 32” makes them."
    ),
    "master-key-file-bad": _(
        "The file master_key of the data folder cannot be read or holds something else than master keys, so "
        "encryption keys cannot be used. The operator must put the right file back."
    ),
    "key-damaged": _(
        "What is kept of the encryption key %(id)s is damaged. Please tell the operator, who may have it in a "
        "backup of the database."
    ),
    "key-gone": _(
        "The encryption key %(id)s was deleted. What was encrypted with it can no longer be read by anybody."
    ),
    "key-not-enabled": _(
        "The encryption key “%(name)s” is not enabled, so nothing that is encrypted with it can be used. Its owner "
        "must enable it, or cancel its deletion."
    ),
    "wrong-key": _(
        "The data is encrypted with another key than the one that is noted for it, so it cannot be read. Please "
        "tell the operator."
    ),
    "key-not-granted": _(
        "The encryption key belongs to another project and is not granted to this one. Ask its owner to grant it "
        "to this project's ID."
    ),
    "key-deletion-soon": _(
        "The encryption key %(name)s is deleted at %(at)s. What is encrypted with it can then no longer be read by "
        "anybody; until then its deletion can be cancelled."
    ),
}
