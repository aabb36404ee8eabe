// The header of every reply to a prompt that had to be cut, in each dialect.

export const TRUNCATED = { 'X-Llamero-Truncated': 'true' }

/** What the document of the API says of it. */
export const TRUNCATED_DOCUMENT = { 'X-Llamero-Truncated': '`true` where a part of the conversation did not fit.' }
