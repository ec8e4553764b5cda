"""Why a key is refused."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "bad-key": _(
        "This is not an SSH public key. Paste one line that begins with its kind, such as ssh-ed25519."
    ),
    "key-is-private": _(
        "This is a private key. Keep it to yourself and paste its public half, the file that ends with .pub."
    ),
    "key-too-short": _(
        "This RSA key has %(bits)s bits and is too short. Use one of at least %(needed)s bits, or Ed25519."
    ),
    "key-kind": _("Keys of this kind are not accepted. Use Ed25519, ECDSA, or RSA of at least 2048 bits."),
    "key-pair-gone": _("The key pair %(name)s was deleted in the meantime. Choose another one."),
}
