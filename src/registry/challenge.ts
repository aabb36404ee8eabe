// WWW-Authenticate of a registry: `Bearer realm="...",service="...",scope="..."` or `Basic realm="..."`.

export interface Challenge {
  scheme: 'bearer' | 'basic'
  realm: string
  service: string
  /** Separate scopes; the header holds them with blanks between. */
  scopes: string[]
}

const MAX_CHALLENGE_LENGTH = 8 * 1024

/** The first Bearer challenge, else the first Basic one, else undefined. Ollama's registries leave the word `Bearer` out at times. */
export function parseChallenge(header: string): Challenge | undefined {
  if (header.length > MAX_CHALLENGE_LENGTH) return undefined
  const challenges = splitChallenges(header)
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges[0]
}

function splitChallenges(header: string): Challenge[] {
  const starts = [...header.matchAll(/(?:^|,)\s*(bearer|basic)(?=\s|$)/gi)]
  if (starts.length === 0) return /(?:^|[\s,])realm\s*=/i.test(header) ? [toChallenge('bearer', header)] : []
  return starts.map((start, index) => {
    const from = start.index + start[0].length
    return toChallenge(start[1]?.toLowerCase() === 'basic' ? 'basic' : 'bearer', header.slice(from, starts[index + 1]?.index))
  })
}

function toChallenge(scheme: Challenge['scheme'], text: string): Challenge {
  const values = new Map<string, string>()
  for (const [, key = '', quoted, bare] of text.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    values.set(key.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '')
  }
  return {
    scheme,
    realm: values.get('realm') ?? '',
    service: values.get('service') ?? '',
    scopes: (values.get('scope') ?? '').split(' ').filter((scope) => scope !== ''),
  }
}
