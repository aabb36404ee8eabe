export const CAPABILITIES = ['completion', 'tools', 'insert', 'vision', 'embedding', 'thinking', 'image', 'audio'] as const
export type Capability = (typeof CAPABILITIES)[number]
