// What can go wrong between the console and the server, by what is to be done about it.

export type FailureKind =
  /** No answer, or one that broke off. */
  | 'away'
  /** The server asks for its key. */
  | 'locked'
  /** The server said no, and why. */
  | 'refused'
  /** By the user. */
  | 'stopped'

export class Failure extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Failure'
    this.kind = kind
  }
}

const MAX_SHOWN_CHARACTERS = 2000

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof Error && error.name === 'AbortError') return new Failure('stopped', 'stopped', error)
  // What fetch says of any failure of the network.
  if (error instanceof TypeError) return new Failure('away', 'the server does not answer', error)
  return new Failure('refused', error instanceof Error ? error.message : String(error), error)
}

/** The server's own words: `{"error": "..."}`, or a text. */
export function toRefusal(status: number, text: string): Failure {
  const words = errorOf(text) ?? text.trim()
  const message = (words === '' ? `the server answered with status ${status}` : words).slice(0, MAX_SHOWN_CHARACTERS)
  return new Failure(status === 401 ? 'locked' : 'refused', message)
}

function errorOf(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? error : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
