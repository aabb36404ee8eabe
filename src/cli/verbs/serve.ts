import { NO_ARGUMENTS, type Verb } from '../verb.ts'

export const serveVerb: Verb = {
  name: 'serve',
  aliases: ['start'],
  usage: 'serve',
  summary: 'Start the server',
  arguments: NO_ARGUMENTS,
  flags: {},
  variables: [
    'logLevel',
    'host',
    'contextTokens',
    'keepAliveNs',
    'maxLoadedModels',
    'maxQueue',
    'models',
    'home',
    'numParallel',
    'noCloud',
    'noPrune',
    'origins',
    'flashAttention',
    'kvCacheType',
    'goTemplate',
    'loadTimeoutMs',
  ],
  run: (context) => context.serve(),
}
