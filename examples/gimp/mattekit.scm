; Matte the active layer by the layer named "trimap", and make the alpha its mask. For GIMP 2.10, whose Script-Fu
; starts no programs: `mattekit predict --watch` mattes what this script puts into a folder.

(define (mattekit-path folder part name) (string-append folder DIR-SEPARATOR part DIR-SEPARATOR name ".png"))

; Save a layer, by itself and as large as the image; what it leaves transparent gets a colour.
(define (mattekit-save image layer colour path)
  (let* ((copy (car (gimp-image-new-with-precision (car (gimp-image-width image)) (car (gimp-image-height image))
                                                   (car (gimp-image-base-type image))
                                                   (car (gimp-image-get-precision image)))))
         (alone (car (gimp-layer-new-from-drawable layer copy))))
    (gimp-image-insert-layer copy alone 0 -1)
    (apply gimp-layer-set-offsets (cons alone (gimp-drawable-offsets layer)))
    (if (<> -1 (car (gimp-layer-get-mask alone))) (gimp-layer-remove-mask alone MASK-DISCARD))
    (gimp-layer-set-opacity alone 100)
    (gimp-layer-set-mode alone LAYER-MODE-NORMAL)
    (gimp-item-set-visible alone TRUE)
    (gimp-context-push)
    (gimp-context-set-background colour)
    (file-png-save RUN-NONINTERACTIVE copy (car (gimp-image-flatten copy)) path path FALSE 1 FALSE FALSE FALSE FALSE FALSE)
    (gimp-context-pop)
    (gimp-image-delete copy)))

; Wait for a file; return whether it has come. mattekit names its files when they are complete.
(define (mattekit-wait path seconds)
  (cond ((file-exists? path) #t)
        ((<= seconds 0) #f)
        (else (usleep 200000) (mattekit-wait path (- seconds 0.2)))))

; Make the alpha of a cut-out the mask of a layer, in place of any that it has. Selections keep alpha's values as
; they are, where pasting grey into a mask would take them for colours.
(define (mattekit-mask image layer path)
  (let ((cutout (car (gimp-file-load-layer RUN-NONINTERACTIVE image path)))
        (selected (car (gimp-selection-save image))))
    (gimp-image-insert-layer image cutout 0 -1)
    (gimp-image-select-item image CHANNEL-OP-REPLACE cutout)
    (gimp-image-remove-layer image cutout)
    (if (<> -1 (car (gimp-layer-get-mask layer))) (gimp-layer-remove-mask layer MASK-DISCARD))
    (gimp-layer-add-mask layer (car (gimp-layer-create-mask layer ADD-MASK-SELECTION)))
    (gimp-image-select-item image CHANNEL-OP-REPLACE selected)
    (gimp-image-remove-channel image selected)
    (gimp-image-set-active-layer image layer)))

(define (script-fu-mattekit image layer folder seconds)
  (let* ((name (apply string-append "gimp" (map (lambda (part) (string-append "-" (number->string part)))
                                                (gettimeofday))))
         (picture (mattekit-path folder "images" name))
         (trimap (mattekit-path folder "trimaps" name))
         (cutout (mattekit-path folder "mattes" name))
         (painted (car (gimp-image-get-layer-by-name image "trimap"))))
    (cond ((not (file-exists? (string-append folder DIR-SEPARATOR "mattes")))
           (gimp-message "mattekit: no mattes/ in the folder. Choose the one that mattekit predict --watch works in."))
          ((= painted -1) (gimp-message "mattekit: no layer is named \"trimap\". Paint one in white, black and grey."))
          ((= painted layer) (gimp-message "mattekit: the trimap is the active layer. Choose that of the picture."))
          (else
            (mattekit-save image painted '(128 128 128) trimap)
            (mattekit-save image layer '(255 255 255) picture)
            (if (mattekit-wait cutout seconds)
                (begin (gimp-image-undo-group-start image)
                       (mattekit-mask image layer cutout)
                       (gimp-item-set-visible painted FALSE)
                       (gimp-image-undo-group-end image)
                       (gimp-displays-flush)
                       (file-delete cutout))
                (gimp-message "mattekit: no matte came. The terminal of mattekit predict --watch says why."))
            (file-delete picture)
            (file-delete trimap)))))

(script-fu-register "script-fu-mattekit" "Matte with mattekit" "Make the alpha of the layer's subject its mask."
                    "mattekit" "MIT licence" "2026" "RGB* GRAY*"
                    SF-IMAGE "Image" 0
                    SF-DRAWABLE "Layer" 0
                    SF-DIRNAME "Folder that mattekit watches" ""
                    SF-ADJUSTMENT "Seconds to wait" '(120 1 3600 1 10 0 1))
(script-fu-menu-register "script-fu-mattekit" "<Image>/Layer/Mask")
