const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** A plugin that tells which packages went into a bundle: their folders, in `file` beside it. See `sbom.ts`. */
export const tellPackages = (file) => ({
  name: 'tell-packages',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
    const folders = modules.flatMap((id) => PACKAGE.exec(id)?.[0] ?? []);
    const source = JSON.stringify(
      [...new Set(folders)]
        .toSorted()
        .map((folder) => folder.replace(/^.*?\/node_modules\//, 'node_modules/')),
    );
    this.emitFile({ type: 'asset', fileName: file, source });
  },
});
