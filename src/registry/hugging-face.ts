// Hugging Face answers under two names, and its registry's token server may have the other one: both are the same to us. Gated and
// private models want the user's token, which goes to these two hosts and over https only.

import type { Environment } from './proxy.ts'

const HOSTS = ['hf.co', 'huggingface.co']

export interface HuggingFace {
  /** Origins that are the same registry as this one; empty for any other registry. */
  siblings: readonly string[]
  /** For the Authorization header. */
  bearer?: string
  /** What to do about a refusal. */
  hint?: string
}

export function huggingFaceOf(origin: string, environment: Environment): HuggingFace {
  const { host, protocol } = new URL(origin)
  if (!HOSTS.includes(host) || protocol !== 'https:') return { siblings: [] }
  const siblings = HOSTS.filter((name) => name !== host).map((name) => `https://${name}`)
  const token = (environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN || '').trim()
  if (/^[\x21-\x7e]+$/.test(token))
    return { siblings, bearer: token, hint: 'the account of HF_TOKEN may have to accept the terms of this model on huggingface.co' }
  return { siblings, hint: 'a private or gated model needs HF_TOKEN in the environment of the server' }
}
