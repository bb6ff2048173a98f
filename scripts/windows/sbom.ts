/** The software bill of materials, CycloneDX 1.6 in JSON. */
import { createHash } from 'node:crypto';
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { Component } from './components';
import { NODE_WINDOWS } from './parts';

/** What the bill is about. */
export interface Product {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The places of the packages that its own code imports, shipped or not. */
  readonly dependsOn: readonly string[];
}

/** `(MIT OR Apache-2.0)`: what is no id of SPDX and does not look like this is taken for a licence's name. */
const EXPRESSION = /^\(?[\w.+-]+(?: (?:AND|OR|WITH) \(?[\w.+-]+\)?)+\)?$/;

const licences = new Contrib.License.Factories.LicenseFactory((text) => {
  if (!EXPRESSION.test(text)) throw new RangeError(`${text} is no SPDX expression`);
});

/**
 * The bill as JSON text, in the order of the components. The same components and time give the same text, its serial number
 * included. The library could sort, but by the rules of the user's language.
 */
export function sbomOf(product: Product, components: readonly Component[], timestamp: Date): string {
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ timestamp, component: modelOf(product) }),
  });
  const models = new Map(components.map((component) => [component.place, modelOfPackage(component)]));
  for (const { place, dependsOn } of components) {
    const model = modelAt(models, place);
    bom.components.add(model);
    if (place === NODE_WINDOWS.name || product.dependsOn.includes(place)) {
      bom.metadata.component?.dependencies.add(model.bomRef);
    }
    for (const dependency of dependsOn) model.dependencies.add(modelAt(models, dependency).bomRef);
  }
  bom.serialNumber = `urn:uuid:${uuidOf(textOf(bom))}`;
  return textOf(bom);
}

/** A package URL for a package of npm (https://github.com/package-url/purl-spec). */
export function purlOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** A UUID of version 5 (RFC 9562, 5.5) for `text`, in a name space of this project. */
export function uuidOf(text: string): string {
  const nameSpace = Buffer.from('b0f5f4a16a6e4f0c9a3d6d1f0f6f3c52', 'hex');
  const hash = createHash('sha1').update(nameSpace).update(text).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function modelOf({ name, version, licence }: Product): Models.Component {
  return new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: `${name}@${version}`,
    licenses: new Models.LicenseRepository([licences.makeFromString(licence)]),
  });
}

function modelOfPackage(component: Component): Models.Component {
  const { name, version, integrity, licence, place } = component;
  const isNode = name === NODE_WINDOWS.name;
  const [plainName = name, group] = name.split('/').reverse();
  const type = isNode ? Enums.ComponentType.Platform : Enums.ComponentType.Library;
  return new Models.Component(type, plainName, {
    group,
    version,
    bomRef: place,
    purl: purlOf(component),
    // What databases of vulnerabilities know Node by.
    cpe: isNode ? `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` : undefined,
    hashes: new Models.HashDictionary([
      [
        Enums.HashAlgorithm['SHA-512'],
        Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex'),
      ],
    ]),
    licenses: new Models.LicenseRepository([licences.makeFromString(licence)]),
  });
}

function modelAt(models: ReadonlyMap<string, Models.Component>, place: string): Models.Component {
  const model = models.get(place);
  if (model === undefined) throw new Error(`${place} is not among the components`);
  return model;
}

function textOf(bom: Models.Bom): string {
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { space: 2 })}\n`;
}
