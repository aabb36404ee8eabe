// Accounts of ollama.com are known here by name only, so that a script that calls them learns why nothing happens.

import { AppError } from '../../base/errors.ts'
import { NO_ARGUMENTS, type Verb } from '../verb.ts'

export const signinVerb = accountVerb('signin', 'Sign in to ollama.com (not offered)')
export const signoutVerb = accountVerb('signout', 'Sign out from ollama.com (not offered)')
export const loginVerb: Verb = { ...accountVerb('login', signinVerb.summary), hidden: true }
export const logoutVerb: Verb = { ...accountVerb('logout', signoutVerb.summary), hidden: true }

function accountVerb(name: string, summary: string): Verb {
  return {
    name,
    usage: name,
    summary,
    arguments: NO_ARGUMENTS,
    flags: {},
    variables: [],
    async run() {
      throw new AppError('not_supported', `${name} is not offered: Llamero runs models on this machine and has no accounts`)
    },
  }
}
