// The process entry. `runner` is a child that serves one loaded model, `media` a runner's worker that reads images and sounds, `converter` a child
// that makes a GGUF file of safetensors; everything else is the command line. Nothing else happens here, so that a runner never loads the server's code and the command line never loads the engine.

if (process.argv[2] === 'runner') {
  const { runChild } = await import('./runner/child/main.ts')
  await runChild()
} else if (process.argv[2] === 'media') {
  const { runMediaWorker } = await import('./runner/child/media/worker.ts')
  await runMediaWorker()
} else if (process.argv[2] === 'converter') {
  const { runConverter } = await import('./convert/child.ts')
  runConverter()
} else {
  const { startCli } = await import('./start.ts')
  process.exitCode = await startCli(process.argv)
}
