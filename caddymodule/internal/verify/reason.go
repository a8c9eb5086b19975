package verify

// Why a request doesn't verify, in words for an operator. The vocabulary is
// small and fixed, so it may be counted and logged.
const (
	ReasonSignatureMissing   = "signature header is missing"
	ReasonSignatureTooLong   = "signature header is too long"
	ReasonSignatureTooMany   = "signature header holds too many signatures"
	ReasonSignatureMalformed = "signature header holds no signature of the expected form"

	ReasonTimestampMissing   = "timestamp is missing"
	ReasonTimestampTwice     = "timestamp is given more than once"
	ReasonTimestampMalformed = "timestamp is not a unix time"
	ReasonTimestampOld       = "timestamp is too old"
	ReasonTimestampFuture    = "timestamp is too far in the future"

	ReasonIDMissing   = "id is missing"
	ReasonIDTwice     = "id is given more than once"
	ReasonIDMalformed = "id is too long or holds a character that may not stand in it"

	ReasonAmbiguous = "what is signed could be read in two ways"
	ReasonNoMatch   = "no secret matches"

	ReasonTokenMissing = "token is missing"
	ReasonTokenTwice   = "token is given more than once"
	ReasonTokenTooLong = "token is too long"

	ReasonCredentialsMissing   = "basic auth credentials are missing"
	ReasonCredentialsTwice     = "basic auth credentials are given more than once"
	ReasonCredentialsTooLong   = "basic auth credentials are too long"
	ReasonCredentialsMalformed = "basic auth credentials are malformed"

	ReasonNoVerifier = "nothing is configured to verify with"
)
