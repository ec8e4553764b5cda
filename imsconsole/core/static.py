"""Where static files are named by their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class LenientManifestStorage(CompressedManifestStaticFilesStorage):
    """Serves a file by its plain name when it was not collected (as in tests)."""

    manifest_strict = False
