/** Llamero's own version; package.json has the same. */
export const VERSION = '0.1.0'
/** The version of Ollama whose API is spoken: clients compare it before they use a feature. */
export const OLLAMA_VERSION = '0.33.0'
