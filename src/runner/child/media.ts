// What the runner knows of media in a prompt: runs of rows that the projector made, among runs of tokens. The projector is media/, the loop takes
// what it gives. A run's ids stand for it wherever tokens are compared, counted or kept, so that a talk about an image keeps its prefix like any other.

/** A prompt with media, in order: token ids, or one run of media. */
export type PromptPart = readonly number[] | MediaRun

export interface MediaRun {
  /** One for each cell that the run takes of the context, all below -1: the same for the same content under the same projector, and for no other. */
  ids: readonly number[]
  /** Positions that it takes of the sequence: fewer than its ids where positions have several dimensions (M-RoPE). */
  positions: number
  /** Its tokens see each other in both directions, so that all of them belong into one step. */
  bidirectional: boolean
  /** Row-major, ids × the model's input length. Made when first asked for: a run that stands in the cache costs nothing. Throws `engine_error`, `cancelled`. */
  embed(signal?: AbortSignal): Promise<Float32Array>
  /** With M-RoPE only: four positions for each id, as llama_batch.pos wants them (all of the first dimension, then all of the second, ...). */
  rotaryPositions?: (start: number) => Int32Array
}

/** Reads what a prompt with `[img-N]` marks names. One for each loaded model with a projector. */
export interface MediaReader {
  /**
   * `media`: images or sounds as files, by N. A mark without media is text. The projector's own tokens around a run are among the tokens.
   * Throws `invalid_request` for what is no image or sound, or is too large, or of a kind that the projector does not take.
   */
  read(prompt: string, media: readonly Uint8Array[], signal?: AbortSignal): Promise<PromptPart[]>
  close(): Promise<void>
}
