"""Why a signature is not taken, or does not hold."""

from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated


class SignatureUnknown(NotFound):
    code = "signature-unknown"
    template = "There is no such signature. Compare the code with the document, letter by letter."


class SignerNotAPerson(NotPermitted):
    code = "signer-not-a-person"
    template = "Only a person signs, not the program."


class ContentTooLarge(RuleViolated):
    code = "content-too-large"
    template = "What is to be signed has more than {limit} MB. Sign it in parts."


class ContentChanged(Conflict):
    code = "content-changed"
    template = "The document has changed since you opened the page. Read it again, then sign."


class SignatureNeeded(RuleViolated):
    code = "signature-needed"
    template = "This step needs an electronic digital signature: sign with NCALayer, or choose a signature file."


class ContainerMalformed(RuleViolated):
    code = "container-malformed"
    template = "This is no signature that can be read: a detached CMS signature (.cms, .p7s) is expected."


class ContainerNotDetached(RuleViolated):
    code = "container-not-detached"
    template = "The signature holds a document of its own. Sign again without putting the document into the signature."


class SignersNotOne(RuleViolated):
    code = "signers-not-one"
    template = "The file holds {found} signatures. Each person signs by themself: send a file with one signature."


class SignedAttributesMissing(RuleViolated):
    code = "signed-attributes-missing"
    template = "The signature does not say what was signed (signed attributes are missing). Sign again with NCALayer."


class CertificateMissing(RuleViolated):
    code = "certificate-missing"
    template = "The signature does not hold the signer’s certificate. Sign again and put the certificate into it."


class ContentDiffers(RuleViolated):
    code = "content-differs"
    template = "The signature is of another document, or the document was changed after it was signed."


class SignatureWrong(RuleViolated):
    code = "signature-wrong"
    template = "The signature does not fit the certificate’s key: it was changed, or made with another key."


class AlgorithmNotVerifiable(RuleViolated):
    code = "algorithm-not-verifiable"
    template = (
        "The signature is by {algorithm}, which this program cannot verify. Sign with an RSA or ECDSA key,"
        " or have it verified by the certification centre and keep its answer with the document."
    )


class AlgorithmWeak(RuleViolated):
    code = "algorithm-weak"
    template = "The signature is by {algorithm}, which is not safe any more. Get a new key and sign again."


class TrustEmpty(Conflict):
    code = "trust-empty"
    template = "No certification centre is trusted here yet. The administrator loads their certificates (qazyna trust)."


class CentreNotTrusted(RuleViolated):
    code = "centre-not-trusted"
    template = "The certificate was issued by “{issuer}”, and no way leads from there to a centre that is trusted here."


class CertificateNotInForce(RuleViolated):
    code = "certificate-not-in-force"
    template = "The certificate of {name} was in force from {since} through {last}."


class UsageWrong(RuleViolated):
    code = "usage-wrong"
    template = "The certificate of {name} was not issued for signing documents. Choose your signing key."


class CertificateRevoked(RuleViolated):
    code = "certificate-revoked"
    template = "The certificate of {name} was revoked: {since}."


class RevocationUnknown(RuleViolated):
    code = "revocation-unknown"
    template = (
        "Whether the certificate was revoked is not verified: no current list of the centre “{issuer}” is at hand."
    )


class StampNotVerified(RuleViolated):
    code = "stamp-not-verified"
    template = "The time stamp inside the signature is not verified."


class BytesDiffer(RuleViolated):
    code = "bytes-differ"
    template = "What is kept is not what was signed: the document or the signature was changed in the database."


class CertificateOfAnother(NotPermitted):
    code = "certificate-of-another"
    template = "The certificate is of {name}, not yours. Choose your own key, or register this certificate first."


class CertificateNotRegistered(NotPermitted):
    code = "certificate-not-registered"
    template = "You have registered no certificate yet. Register yours under My account, then sign."


class CertificateTaken(Conflict):
    code = "certificate-taken"
    template = (
        "This certificate, or another one of the same IIN, is registered by somebody else. Ask the administrator."
    )


class CertificateOfOtherIin(RuleViolated):
    code = "certificate-of-other-iin"
    template = "The certificate is of another IIN than the one you are known by here. Ask the administrator."


class CertificateUnknown(NotFound):
    code = "certificate-unknown"
    template = "There is no such certificate."


class TrustFileMalformed(RuleViolated):
    code = "trust-file-malformed"
    template = "{name} is neither a certificate nor a list of revoked certificates."


class ListNotSigned(RuleViolated):
    code = "list-not-signed"
    template = "The list {name} is not signed by any centre that is trusted here. Load the centre’s certificate first."
